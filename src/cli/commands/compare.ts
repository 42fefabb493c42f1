import { Option } from 'commander';
import type { CommandModule } from '../command.js';
import { axisNames } from '../../compare/axes.js';
import type { CompareOptions } from '../../compare/run.js';

const example = `
Runs the scenario once for each choice of the axis, all else as the file says. * marks the choice of the file itself.

  signalled         signals of the host, those that were coalesced or lost included
  events            signals of the host that found their event flag clear, and control messages
  interrupts        of the line that all share; each may bring several events
  /proc/stat        what its total of interrupts grew by; double: beyond the events, missing: below them
  dropped, lost     events that found no channel; events for a CPU whose synic was off
  signals, needless of the guest to the host; those that found nothing to do
  p50, p99, max     time from a signal of the host to the end of what handles it
  steps took        virtual time that the timeline's steps waited

Columns of irqfd-source, for a guest with "kvm":

  wants             things that the devices had for their drivers, of which an interrupt does one
  interrupts        of the devices' lines
  served, unserved  things that were done; those that were not
  asserts           times that an irqfd asserted its line
  reassigned        times that an irqfd was deassigned and assigned again
  not notified      irqfds whose assertion was taken away without a word to user space: lost interrupts
  orphaned          lines left asserted by a source that no irqfd has
  source ids        taken at the end, of 64

Exit status: 0 compared, 1 the file's own choice fails an expectation, 2 wrong use or file, 130
ended by Ctrl-C: choices that are done are shown, except as JSON.

Examples:
  $ irqlab compare examples/arm64-4vcpu.yaml --vary top-level
  $ irqlab compare examples/rfc-gen2-8vcpu.yaml --vary relid-map --time
  $ irqlab compare examples/kvm-level-irqfd.yaml --vary irqfd-source
  $ irqlab compare examples/rfc-gen2-8vcpu.yaml --vary relid-map --plugin examples/plugin-relid-map/plugin.js
  $ irqlab compare examples/compare-offline.yaml --vary modify-channel --queue redis://localhost
`;

export const command: CommandModule = {
  configure(command, stdio, finish, plugins) {
    command
      .argument('<scenario>', 'scenario file (YAML), or - for standard input')
      .addOption(new Option('--vary <axis>', 'what to vary').choices(axisNames).makeOptionMandatory())
      .option('--time', 'measure what an event costs here, too; the numbers differ from run to run')
      .option('--json', 'print the comparison as JSON')
      .option(
        '--queue <url>',
        'have the choices run by "irqlab worker", by way of a Redis: redis://[USER:PASSWORD@]HOST[:PORT][/DB], or rediss://',
      )
      .addHelpText('after', example)
      .action(async (file: string, written: CompareOptions & { queue?: string }) => {
        const { queue, ...options } = { ...written, plugins };
        if (queue !== undefined) {
          const { compareByQueue } = await import('../queue/compare.js');
          finish(await compareByQueue(file, { ...options, queue }, stdio));
          return;
        }
        const { runCompare } = await import('../../compare/run.js');
        finish(await runCompare(file, options, stdio));
      });
  },
};
