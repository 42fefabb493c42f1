import { expect, test } from '@jest/globals';
import { earlyIrqInit } from '../../src/irq/core.js';
import { kernelVersions } from '../../src/irq/kernel.js';
import { Machine } from '../../src/machine/machine.js';
import { builtinPlatforms } from '../../src/platform/index.js';
import { percpuDemux } from '../../src/platform/line-accounting.js';

test('what is known of an architecture before there is a machine', () => {
  expect(
    builtinPlatforms.map(
      ({ name, dynirqLowerBound, namesFlows, hasIoapic, genericPendingIrq, nrIrqs, maxCpus }) => ({
        name,
        dynirqLowerBound,
        namesFlows,
        hasIoapic,
        genericPendingIrq,
        nrIrqs: [nrIrqs(1), nrIrqs(8)],
        // NR_CPUS of arch/arm64/Kconfig; on x86 that of MAXSMP.
        maxCpus: maxCpus ?? 8192,
      }),
    ),
  ).toEqual([
    {
      name: 'x86_64',
      dynirqLowerBound: 24,
      namesFlows: true,
      hasIoapic: true,
      genericPendingIrq: true,
      nrIrqs: [256, 488],
      maxCpus: 8192,
    },
    {
      name: 'arm64',
      dynirqLowerBound: undefined,
      namesFlows: false,
      hasIoapic: false,
      genericPendingIrq: false,
      nrIrqs: [64, 64],
      maxCpus: 4096,
    },
  ]);
});

test.each(builtinPlatforms)(
  'rows of $name are among those of its definition, on every kernel',
  (definition) => {
    const seen = new Set<string>();
    for (const kernel of kernelVersions) {
      const machine = new Machine({ present: 2 });
      const core = earlyIrqInit(machine, { kernel, nrIrqs: definition.nrIrqs(2) });
      const platform = definition.create(machine, core, percpuDemux);
      expect(platform.arch).toBe(definition.arch);
      for (const { label } of platform.sources()) seen.add(label);
    }
    expect([...definition.rowLabels].sort()).toEqual([...seen].sort());
  },
);

test('the order of rows is that of /proc/interrupts', () => {
  expect(builtinPlatforms.map(({ rowLabels }) => rowLabels.join(' '))).toEqual([
    'NMI LOC SPU PMI IWI RTR RES CAL TLB TRM THR DFR MCE MCP HYP HRE HVS ERR MIS PIN NPI PIW VPMI',
    'IPI0 IPI1 IPI2 IPI3 IPI4 IPI5 IPI6 IPI7 Err',
  ]);
});
