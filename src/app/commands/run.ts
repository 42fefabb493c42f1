import { InvalidArgumentError } from 'commander';
import type { CommandModule } from '../command.js';

const example = `
Prints what the file's "print" says. Exit status: 0 all expectations hold, 1 one failed, 2 wrong use or file.

Examples:
  $ irqlab run examples/rfc-gen2-8vcpu.yaml
  $ irqlab run examples/cpu-offline.yaml --json
`;

export const command: CommandModule = {
  configure(command, io, finish) {
    command
      .argument('<scenario>', 'scenario file (YAML), or - for standard input')
      .option('--json', 'print counts, expectations and printouts as JSON')
      .option('--seconds <n>', 'run for so many seconds, whatever the file says', parseSeconds)
      .addHelpText('after', example)
      .action(async (file: string, options: { json?: boolean; seconds?: number }) => {
        const { runFile } = await import('../run-file.js');
        const status = await runFile(file, options, io, async (guest) => {
          const { Guest } = await import('../guest.js');
          return Guest.create(guest);
        });
        finish(status);
      });
  },
};

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds <= 1_000_000) return seconds;
  throw new InvalidArgumentError('Expected a number of seconds such as 10 or 0.5.');
}
