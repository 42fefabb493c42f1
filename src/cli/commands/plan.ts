import type { CommandModule } from '../command.js';

const example = `
Prints a shell script for the machine that was recorded: writes that move the channels of these CPUs to others, of the same
NUMA node where one is left, the busiest to the CPU with the least to do, none to an isolated one; and those that take the
CPUs offline. A guest made of the recording has done them before they are printed. Exit status: 0 it could, 1 it could not,
2 wrong use or file.

Examples:
  $ irqlab plan offline 4-7 slow-vm.tar.gz -o offline.sh
  $ irqlab plan offline 3 examples/rfc-gen2-8vcpu.yaml
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .command('offline')
      .description('write a shell script that takes CPUs offline')
      .argument('<cpus>', 'a list such as 4-7')
      .argument('<recording>', 'of irqlab record or sos, a capture, or a scenario')
      .option('-o, --output <file>', 'where to write the script; default: standard output')
      .option('--force', 'write over a file that is there')
      .addHelpText('after', example)
      .action(async (cpus: string, file: string, options: { output?: string; force?: boolean }) => {
        const { runPlanOffline } = await import('../../capture/run-plan.js');
        finish(await runPlanOffline(cpus, file, options, stdio));
      });
  },
};
