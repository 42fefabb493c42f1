import type { CpuId } from '../../lib/brand.js';
import type { Machine } from '../../machine/machine.js';
import type { CpuFiles } from '../platform.js';

/** What the CPUs are, for /proc/cpuinfo. Nothing in the model depends on it. */
const x86Flags =
  'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ss ht syscall ' +
  'nx pdpe1gb rdtscp lm constant_tsc rep_good nopl xtopology cpuid pni pclmulqdq ssse3 fma cx16 pcid sse4_1 sse4_2 ' +
  'movbe popcnt aes xsave avx f16c rdrand hypervisor lahf_lm abm 3dnowprefetch fsgsbase bmi1 avx2 smep bmi2 erms ' +
  'invpcid rdseed adx smap clflushopt xsaveopt xsavec xsaves';

function siblings(machine: Machine, cpu: CpuId): { threads: number; cores: number } {
  const { topology, online } = machine;
  const cores = new Set<number>();
  let threads = 0;
  for (const other of online) {
    if (topology.package[other] !== topology.package[cpu]) continue;
    threads += 1;
    cores.add(topology.core[other]);
  }
  return { threads, cores: cores.size };
}

/** One CPU of arch/x86/kernel/cpu/proc.c show_cpuinfo. */
function cpuinfo(machine: Machine, cpu: CpuId): string {
  const { threads, cores } = siblings(machine, cpu);
  return (
    `processor\t: ${cpu}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n` +
    `model name\t: Intel(R) Xeon(R) Platinum 8272CL CPU @ 2.60GHz\nstepping\t: 7\nmicrocode\t: 0xffffffff\n` +
    `cpu MHz\t\t: 2593.905\ncache size\t: 32768 KB\nphysical id\t: ${machine.topology.package[cpu]}\n` +
    `siblings\t: ${threads}\ncore id\t\t: ${machine.topology.core[cpu]}\ncpu cores\t: ${cores}\n` +
    `apicid\t\t: ${cpu}\ninitial apicid\t: ${cpu}\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 21\n` +
    `wp\t\t: yes\nflags\t\t: ${x86Flags}\nbugs\t\t:\nbogomips\t: 5187.81\nclflush size\t: 64\n` +
    `cache_alignment\t: 64\naddress sizes\t: 46 bits physical, 48 bits virtual\npower management:\n\n`
  );
}

/** CPU 0 stays online; kernels before 6.5 let it go if they were started with cpu0_hotplug. */
export const x86CpuFiles: CpuFiles = { cpuinfo, isHotpluggable: (cpu) => cpu !== 0 };
