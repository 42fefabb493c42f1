import type { CpuId } from '../../lib/brand.js';
import type { Machine } from '../../machine/machine.js';
import type { CpuFiles } from '../platform.js';

/** What the CPUs are, for /proc/cpuinfo. Nothing in the model depends on it. */
const arm64Features =
  'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ssbs';

/** One CPU of arch/arm64/kernel/cpuinfo.c c_show. */
function cpuinfo(_machine: Machine, cpu: CpuId): string {
  return (
    `processor\t: ${cpu}\nBogoMIPS\t: 50.00\nFeatures\t: ${arm64Features}\nCPU implementer\t: 0x41\n` +
    `CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n`
  );
}

/** Every CPU can go, the boot CPU as well. */
export const arm64CpuFiles: CpuFiles = {
  cpuinfo,
  hasDies: false,
  splitsBringUp: false,
  hotplugSmt: ({ arm64HotplugSmt }) => arm64HotplugSmt,
  isHotpluggable: () => true,
};
