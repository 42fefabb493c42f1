import type { CpuId } from '../../lib/brand.js';
import type { Machine } from '../../machine/machine.js';
import type { CpuFiles } from '../platform.js';

/** What the CPUs are, for /proc/cpuinfo. Nothing in the model depends on it. */
const arm64Features =
  'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ssbs';

const IMPLEMENTER = 0x41;
const VARIANT = 3;
const ARCHITECTURE_BY_FEATURES = 0xf;
const PART = 0xd0c;
const REVISION = 1;

/** What a CPU says it is (MIDR_EL1): a Neoverse N1. */
export const MIDR =
  ((IMPLEMENTER << 24) | (VARIANT << 20) | (ARCHITECTURE_BY_FEATURES << 16) | (PART << 4) | REVISION) >>> 0;

/** One CPU of arch/arm64/kernel/cpuinfo.c c_show. */
function cpuinfo(_machine: Machine, cpu: CpuId): string {
  return (
    `processor\t: ${cpu}\nBogoMIPS\t: 50.00\nFeatures\t: ${arm64Features}\n` +
    `CPU implementer\t: 0x${IMPLEMENTER.toString(16)}\nCPU architecture: 8\nCPU variant\t: 0x${VARIANT}\n` +
    `CPU part\t: 0x${PART.toString(16)}\nCPU revision\t: ${REVISION}\n\n`
  );
}

/** Every CPU can go, the boot CPU as well. */
export const arm64CpuFiles: CpuFiles = {
  cpuinfo,
  hasDies: false,
  hotplugSmt: ({ arm64HotplugSmt }) => arm64HotplugSmt,
  isHotpluggable: () => true,
};
