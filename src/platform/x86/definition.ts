import { percpuDemux } from '../line-accounting.js';
import type { PlatformDefinition } from '../platform.js';
import { archProbeNrIrqs, GSI_TOP, X86Platform } from './platform.js';
import { x86Rows } from './rows.js';

/** x86-64 on Hyper-V. */
export const x86_64: PlatformDefinition = {
  name: 'x86_64',
  arch: 'x86',
  rowLabels: x86Rows(true, percpuDemux).map(([label]) => label),
  namesFlows: true,
  hasIoapic: true,
  genericPendingIrq: true,
  dynirqLowerBound: GSI_TOP,
  nrIrqs: archProbeNrIrqs,
  create: (machine, core, vmbusLine, setup) => new X86Platform(machine, core, vmbusLine, setup),
};
