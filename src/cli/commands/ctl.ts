import type { CtlOptions } from '../../live/control/client.js';
import { namesOfCommands } from '../../steer/command-schema.js';
import type { CommandModule } from '../command.js';

const example = `
A command is one of these or an action of a plug-in that the guest was given, as in a scenario's timeline:
${inLines(namesOfCommands())}
Its value follows; what belongs to it is given as KEY=VALUE. Texts, numbers and lists are written as in a scenario file.
Exit status: 0 done, 1 the guest refused (its errno is shown), 2 wrong use.

Examples:
  $ irqlab ctl /tmp/irqlab.sock rescind 13
  $ irqlab ctl /tmp/irqlab.sock offer driver=netvsc relid=40 channels=4
  $ irqlab ctl /tmp/irqlab.sock latency modifyChannel=20ms
  $ irqlab ctl /tmp/irqlab.sock signal 16 times=1000
  $ irqlab ctl /tmp/irqlab.sock workload relid=16 every=1ms
  $ irqlab ctl /tmp/irqlab.sock raise 8 times=10
  $ irqlab ctl /tmp/irqlab.sock workload irq=8 every=1ms
  $ irqlab ctl /tmp/irqlab.sock stop 16
  $ irqlab ctl /tmp/irqlab.sock host 'misbehave={signal: 16, nth: 2, do: drop}'
  $ irqlab ctl /tmp/irqlab.sock run 10s
  $ irqlab ctl /tmp/irqlab.sock status
  $ irqlab ctl /tmp/irqlab.sock dmesg

Other programs: a line of JSON such as {"rescind": 13} to the socket, which answers with a line of JSON.
`;

/** A paragraph of words. */
function inLines(words: readonly string[]): string {
  return words
    .join(', ')
    .replace(/(.{1,100})(?: |$)/g, '  $1\n')
    .trimEnd();
}

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .argument('<socket>', 'what --socket of irqlab mount or irqlab shell said')
      .argument('<command>', 'what to do')
      .argument('[arguments...]', 'with what')
      .option('--json', 'print the answer as JSON, a refusal as well')
      .addHelpText('after', example)
      .action(async (socket: string, name: string, args: string[], options: CtlOptions) => {
        const { sendCommand } = await import('../../live/control/client.js');
        finish(await sendCommand(socket, name, args, options, stdio));
      });
  },
};
