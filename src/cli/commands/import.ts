import { UsageError } from '../../command/usage-error.js';
import type { CommandModule } from '../command.js';
import type { ImportOptions } from '../../capture/run.js';

const example = `
A file is one of these, and is known by what it says:
  what "irqlab record" wrote           an archive or a directory: devices, CPUs, affinities, and how often each interrupt came
  a sosreport                          .tar.xz, .tar.gz or unpacked, with the plugins hardware, hyperv and processor
  /proc/interrupts                     of any architecture and kernel since 2.6
  lsvmbus, lsvmbus -v, lsvmbus -vv     the devices of a guest of Hyper-V, with -vv also their channels' CPUs
  udevadm info --export-db             the VMBus devices; relids are made up, for it does not tell them
  grep . /proc/irq/*/smp_affinity_list which CPUs the interrupts may go to; other files of /proc/irq/N are read, too,
                                       but affinity_hint, node and spurious are not taken over
What mail, editors and terminals put around a capture is taken off, and said: indentation, quoting, prompts, colours, CRLF.
The scenario's guest goes on where the capture was made. What cannot be understood is an error with file, line and
column. Exit status: 0 understood, 1 a file differs (--check), 2 wrong use or file.

Examples:
  $ irqlab import slow-vm.tar.gz -o slow-vm.yaml && irqlab run slow-vm.yaml
  $ irqlab import interrupts.txt --lsvmbus lsvmbus-vv.txt --output guest.yaml && irqlab run guest.yaml
  $ irqlab import --check captures/*.txt
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .argument('<file...>', 'a recording or captures of one machine, or - for standard input')
      .option('--lsvmbus <file>', 'what lsvmbus printed on that machine')
      .option('--affinity <file>', 'what grep . /proc/irq/*/smp_affinity_list printed there')
      .option('--hyperv', 'the machine is a guest of Hyper-V, though no capture shows it')
      .option('--check', 'read each file, print it again and compare; write no scenario')
      .option(
        '--json',
        'say what was taken, guessed and left aside as JSON; without --output with the scenario',
      )
      .option('-o, --output <file>', 'where to write the scenario; default: standard output')
      .option('--force', 'write over a file that is there')
      .addHelpText('after', example)
      .action(async (files: string[], options: ImportOptions) => {
        if (options.force && options.output === undefined)
          throw new UsageError('--force is for --output', 'Leave it out.');
        if (options.check && options.output !== undefined)
          throw new UsageError('--check writes no scenario', 'Leave --output out.');
        const { runImport } = await import('../../capture/run.js');
        finish(await runImport(files, options, stdio));
      });
  },
};
