import type { CommandModule } from '../command.js';

const example = `
Each file is a recording of "irqlab record" or a sosreport, packed or not, a capture such as /proc/interrupts, or a scenario
(.yaml), whose guest is run first. Lines are the same by the relid of their channel, else by their name. Rates are shown
where they changed by more than a twentieth, if both files have them: recordings with two snapshots, and scenarios. Exit status: 0 nothing moved, appeared or
went, 1 something did, 2 wrong use or file.

Examples:
  $ irqlab diff monday.tar.gz tuesday.tar.gz
  $ irqlab diff examples/rfc-gen2-8vcpu.yaml examples/channel-affinity.yaml --json
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .argument('<before>', 'a recording, a capture or a scenario')
      .argument('<after>', 'the same machine later')
      .option('--json', 'print it as JSON')
      .addHelpText('after', example)
      .action(async (before: string, after: string, options: { json?: boolean }) => {
        const { runDiff } = await import('../../capture/run-diff.js');
        finish(await runDiff(before, after, options, stdio));
      });
  },
};
