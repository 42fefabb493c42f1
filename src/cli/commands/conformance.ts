import { kernelVersions } from '../../irq/kernel.js';
import { Option } from 'commander';
import type { CommandModule } from '../command.js';
import type { ConformanceOptions } from '../../conformance/run.js';

const example = `
Reads NAME.jsonl, NAME.jsonl.gz, and pairs of NAME.json and NAME.txt with a /proc/interrupts, in the directory and one
level below. Exit status: 0 the model did all that the kernel did, 1 a case failed, 2 wrong use, 130 ended by Ctrl-C:
files that are done are reported, except as JSON.

Examples:
  $ irqlab conformance test/golden
  $ irqlab conformance test/golden --only 'hotplug*' --kernel 6.12
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .argument('<directory>', 'where the recordings are')
      .option('--json', 'print the report as JSON')
      .option('--only <glob>', 'only the files whose name matches, e.g. hotplug*')
      .addOption(new Option('--kernel <version>', 'only recordings of this kernel').choices(kernelVersions))
      .addHelpText('after', example)
      .action(async (directory: string, options: ConformanceOptions) => {
        const { runConformance } = await import('../../conformance/run.js');
        finish(runConformance(directory, options, stdio));
      });
  },
};
