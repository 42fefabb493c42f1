import { InvalidArgumentError } from 'commander';
import type { CommandModule } from '../command.js';

const example = `
The guest runs in the page itself: this serves nothing but its files, and those of plug-ins, to programs on this machine
only. Prints the address and goes on until Ctrl-C. Exit status: 0 ended by Ctrl-C, 2 wrong use or file.

Examples:
  $ irqlab web
  $ irqlab web examples/channel-affinity.yaml --port 8080
  $ irqlab web examples/plugin-proc-file/channels.yaml --plugin examples/plugin-proc-file/plugin.js
`;

export const command: CommandModule = {
  configure(command, stdio, finish, plugins) {
    command
      .argument(
        '[scenario]',
        'scenario file (YAML) to begin with, or - for standard input; default: an example',
      )
      .option('--port <number>', 'TCP port; 0 is one that is free', parsePort, 0)
      .addHelpText('after', example)
      .action(async (file: string | undefined, { port }: { port: number }) => {
        const { servePage } = await import('../../serve/serve-page.js');
        finish(await servePage(file, port, stdio, plugins));
      });
  },
};

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new InvalidArgumentError('Expected a port from 0 to 65535.');
}
