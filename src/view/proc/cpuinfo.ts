import type { Machine } from '../../machine/machine.js';
import type { CpuFiles } from '../../platform/platform.js';

/** /proc/cpuinfo: the CPUs online, as their architecture describes them. */
export function procCpuinfo(machine: Machine, { cpuinfo }: CpuFiles): string {
  let text = '';
  for (const cpu of machine.online) text += cpuinfo(machine, cpu);
  return text;
}
