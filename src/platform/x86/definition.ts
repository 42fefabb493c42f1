import { kernelBehaviour } from '../../irq/kernel.js';
import { percpuDemux } from '../line-accounting.js';
import type { PlatformDefinition } from '../platform.js';
import { archProbeNrIrqs, GSI_TOP, mostNrIrqs, X86Platform } from './platform.js';
import { x86Rows } from './rows.js';

/** All rows that there can be. */
const rows = x86Rows({
  behaviour: kernelBehaviour('7.3'),
  vmbus: percpuDemux,
  vendor: 'AMD',
  isOnHyperV: () => true,
});

/** x86-64 on Hyper-V. */
export const x86_64: PlatformDefinition = {
  name: 'x86_64',
  arch: 'x86',
  rowLabels: rows.map(([label]) => label),
  namesFlows: true,
  hasIoapic: true,
  genericPendingIrq: true,
  dynirqLowerBound: GSI_TOP,
  nrIrqs: archProbeNrIrqs,
  mostNrIrqs,
  create: (machine, core, vmbusLine, setup) => new X86Platform(machine, core, vmbusLine, setup),
};
