import type { CpuId } from '../../lib/brand.js';
import type { HotplugWords } from '../../machine/hotplug.js';
import { MIDR } from './cpu-files.js';

/** CPUs of a cluster: what a GICv3 can address in one SGI (ICC_SGI1R_EL1 TargetList). */
const CLUSTER_SIZE = 16;

/** The affinity number of a CPU (MPIDR_EL1), whose clusters are full. */
function mpidr(cpu: CpuId): number {
  return ((cpu / CLUSTER_SIZE) << 8) | (cpu % CLUSTER_SIZE);
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/**
 * What the log says on arm64 when CPUs come and go (arch/arm64/kernel/cpuinfo.c cpuinfo_detect_icache_policy, smp.c
 * secondary_start_kernel, psci.c cpu_psci_cpu_kill): a CPU that goes is off when the firmware is first asked.
 */
export const arm64HotplugWords: HotplugWords = {
  coming: (cpu) => [
    `Detected PIPT I-cache on CPU${cpu}`,
    `CPU${cpu}: Booted secondary processor ${hex(mpidr(cpu), 10)} [${hex(MIDR, 8)}]`,
  ],
  gone: (cpu) => [`psci: CPU${cpu} killed (polled 0 ms)`],
};
