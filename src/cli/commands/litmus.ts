import { Option } from 'commander';
import { memoryModels } from '../../explore/model.js';
import type { CommandModule } from '../command.js';
import type { LitmusOptions } from '../litmus.js';

const example = `
Reads litmus tests in herd's format for X86, AArch64 and the kernel's C, and prints all final states that they can have.
A comment "Result: Never" (Sometimes, Always), ~exists and forall say what is expected under the memory of the test's
architecture; of C what is never so must not be so under any memory.
Exit status: 0 as expected, 1 not so or not finished, 2 wrong use or file.

Examples:
  $ irqlab litmus examples/litmus/MP+dmb.ishst+addr.litmus
  $ irqlab litmus --memory sc SB.litmus
  $ irqlab litmus --json tests/*.litmus
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .argument('<file...>', 'litmus tests; - is standard input')
      .addOption(
        new Option('--memory <model>', 'how stores become visible; default: tso for X86, else arm64').choices(
          memoryModels,
        ),
      )
      .option('--json', 'print the results as JSON')
      .addHelpText('after', example)
      .action(async (files: string[], options: LitmusOptions) => {
        const { litmus } = await import('../litmus.js');
        finish(litmus(files, options, stdio));
      });
  },
};
