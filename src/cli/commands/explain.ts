import type { CommandModule } from '../command.js';

const example = `
Answers, each with the files of the machine that say so: which CPUs carry which devices; what keeps CPUs from going offline,
and the writes that free them; what is on isolated CPUs; whether the load is even among CPUs and NUMA nodes. --irqbalance
also has irqbalance look at a guest made of the recording, and says what it moved; that needs irqbalance, and what "irqlab
shell" needs. FILE is a recording of "irqlab record", a sosreport, a capture or a scenario.

Examples:
  $ irqlab explain slow-vm.tar.gz
  $ irqlab explain examples/two-node-16vcpu.yaml --irqbalance
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command
      .argument('<file>', 'a recording, a capture or a scenario')
      .option('--irqbalance', 'have irqbalance look at a guest like the machine')
      .option('--json', 'print it as JSON')
      .addHelpText('after', example)
      .action(async (file: string, { irqbalance, json }: { irqbalance?: boolean; json?: boolean }) => {
        const { runExplain } = await import('../../capture/run-explain.js');
        const balance = irqbalance ? (await import('../ask-irqbalance.js')).askIrqbalance : undefined;
        finish(await runExplain(file, { json, balance }, stdio));
      });
  },
};
