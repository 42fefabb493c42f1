import { InvalidArgumentError, Option } from 'commander';
import { traceFormats } from '../../trace/trace-formats.js';
import type { CommandModule } from '../command.js';
import type { RunOptions } from '../run/run.js';

const example = `
Prints what the file's "print" says. Exit status: 0 all expectations hold, 1 one failed, 2 wrong use or file, 130 ended by
Ctrl-C.

Examples:
  $ irqlab run examples/rfc-gen2-8vcpu.yaml
  $ irqlab run examples/cpu-offline.yaml --json
  $ irqlab run examples/rfc-gen2-8vcpu.yaml --dmesg
  $ irqlab run examples/rfc-gen2-8vcpu.yaml --trace run.dat --events irq,hyperv --to 100ms
  $ irqlab run examples/plugin-driver/sensor.yaml --plugin dist/examples/plugin-driver/plugin.js
`;

export const command: CommandModule = {
  configure(command, stdio, finish, plugins) {
    command
      .argument('<scenario>', 'scenario file (YAML), or - for standard input')
      .option('--json', 'print counts, expectations and printouts as JSON')
      .option('--seconds <n>', 'run for so many seconds, whatever the file says', parseSeconds)
      .option('--dmesg', "print the guest's kernel log at the end, instead of what the file says")
      .option('--tree', "list the guest's files at the end, instead of what the file says")
      .option('--stats', 'print what became of signals, how long they took, and what CPUs did')
      .option(
        '--trace <file>',
        'write what happened: .txt (ftrace), .dat (trace-cmd), .json (Perfetto), .jsonl; also .gz',
      )
      .addOption(
        new Option('--trace-format <name>', 'what to write, whatever the name ends with').choices(
          traceFormats,
        ),
      )
      .option('--events <list>', 'events or groups to trace, e.g. irq,hyperv:vmbus_open')
      .option('--from <time>', 'write events from then on, e.g. 1.5s after booting')
      .option('--to <time>', 'write events up to then')
      .option('--trace-buffer <kib>', 'keep the latest events of each CPU in so much room', parseKib)
      .addHelpText('after', example)
      .action(async (file: string, options: RunOptions) => {
        const { runFile } = await import('../run/run.js');
        finish(await runFile(file, { ...options, plugins }, stdio));
      });
  },
};

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds <= 1_000_000) return seconds;
  throw new InvalidArgumentError('Expected a number of seconds such as 10 or 0.5.');
}

function parseKib(text: string): number {
  const kib = Number(text);
  if (/^\d+$/.test(text) && kib >= 1 && kib <= 1 << 24) return kib;
  throw new InvalidArgumentError('Expected a number of KiB, such as 1408.');
}
