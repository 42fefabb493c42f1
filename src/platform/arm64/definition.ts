import { kernelBehaviour, kernelVersions } from '../../irq/kernel.js';
import type { PlatformDefinition } from '../platform.js';
import { ARM64_NR_IRQS, Arm64Platform } from './platform.js';
import { arm64Rows } from './rows.js';

/** The rows of all kernels, each once, in the order of the newest. */
const rowLabels = new Set(
  [...kernelVersions]
    .reverse()
    .flatMap((kernel) => arm64Rows(kernelBehaviour(kernel)).map(([label]) => label)),
);

/** arm64 on Hyper-V. */
export const arm64: PlatformDefinition = {
  name: 'arm64',
  arch: 'arm64',
  rowLabels: [...rowLabels],
  namesFlows: false,
  maxCpus: 4096,
  hasIoapic: false,
  genericPendingIrq: false,
  dynirqLowerBound: undefined,
  nrIrqs: () => ARM64_NR_IRQS,
  create: (machine, core, vmbusLine, setup) => new Arm64Platform(machine, core, vmbusLine, setup),
};
