import { InvalidArgumentError } from 'commander';
import type { CatOptions } from '../cat.js';
import type { CommandModule } from '../command.js';

const example = `
Prints what a reader of the guest's /proc and /sys sees once it has booted, or later. Directories are listed.
Exit status: 0 ok, 1 a file could not be read or an expectation failed before --at, 2 wrong use or file, 130
ended by Ctrl-C.

Examples:
  $ irqlab cat examples/rfc-gen2-8vcpu.yaml /proc/irq/24/smp_affinity_list
  $ irqlab cat examples/rfc-gen2-8vcpu.yaml --at 5s /proc/interrupts /sys/kernel/irq
  $ irqlab cat examples/rfc-gen2-8vcpu.yaml /proc/vmbus_channels --plugin examples/plugin-proc-file/plugin.js
`;

export const command: CommandModule = {
  configure(command, stdio, finish, plugins) {
    command
      .argument('<scenario>', 'scenario file (YAML), or - for standard input')
      .argument('<path...>', 'files and directories of the guest')
      .option('--at <time>', 'let workload and timeline run until then, e.g. 5s or 20ms', parseTime)
      .option('--json', 'print paths, texts, lists and errors as JSON')
      .addHelpText('after', example)
      .action(async (file: string, paths: string[], options: CatOptions) => {
        const { runCat } = await import('../cat.js');
        finish(await runCat(file, paths, { ...options, plugins }, stdio));
      });
  },
};

function parseTime(text: string): number {
  const match = /^(\d{1,6}(?:\.\d{1,9})?)(s|ms|us|ns)$/.exec(text);
  if (match === null)
    throw new InvalidArgumentError('Expected a time with its unit such as 5s, 1.5ms or 20us.');
  const unitNs = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 }[match[2]] ?? 1;
  return Math.round(Number(match[1]) * unitNs);
}
