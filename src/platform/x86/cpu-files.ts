import type { CpuId } from '../../lib/brand.js';
import type { Machine } from '../../machine/machine.js';
import type { CpuFiles, CpuVendor } from '../platform.js';

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

/** A common server CPU of each maker. */
const models: Readonly<Record<CpuVendor, { id: string; family: number; model: number; name: string }>> = {
  Intel: { id: 'GenuineIntel', family: 6, model: 85, name: 'Intel(R) Xeon(R) Platinum 8272CL CPU @ 2.60GHz' },
  AMD: { id: 'AuthenticAMD', family: 25, model: 1, name: 'AMD EPYC 7763 64-Core Processor' },
  Hygon: { id: 'HygonGenuine', family: 24, model: 1, name: 'Hygon C86 7285 32-core Processor' },
};

/** One CPU of arch/x86/kernel/cpu/proc.c show_cpuinfo. */
function cpuinfo(vendor: CpuVendor, machine: Machine, cpu: CpuId): string {
  const { id, family, model, name } = models[vendor];
  const { threads, cores } = siblings(machine, cpu);
  return (
    `processor\t: ${cpu}\nvendor_id\t: ${id}\ncpu family\t: ${family}\nmodel\t\t: ${model}\n` +
    `model name\t: ${name}\nstepping\t: 7\nmicrocode\t: 0xffffffff\n` +
    `cpu MHz\t\t: 2593.905\ncache size\t: 32768 KB\nphysical id\t: ${machine.topology.package[cpu]}\n` +
    `siblings\t: ${threads}\ncore id\t\t: ${machine.topology.core[cpu]}\ncpu cores\t: ${cores}\n` +
    `apicid\t\t: ${cpu}\ninitial apicid\t: ${cpu}\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 21\n` +
    `wp\t\t: yes\nflags\t\t: ${x86Flags}\nbugs\t\t:\nbogomips\t: 5187.81\nclflush size\t: 64\n` +
    `cache_alignment\t: 64\naddress sizes\t: 46 bits physical, 48 bits virtual\npower management:\n\n`
  );
}

/** CPU 0 stays online; kernels before 6.5 let it go if they were started with cpu0_hotplug. */
export function x86CpuFiles(vendor: CpuVendor): CpuFiles {
  return {
    cpuinfo: (machine, cpu) => cpuinfo(vendor, machine, cpu),
    hasDies: true,
    hotplugSmt: () => true,
    isHotpluggable: (cpu) => cpu !== 0,
  };
}
