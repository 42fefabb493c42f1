import { type KernelParameters, parseCmdline } from '../machine/cmdline.js';
import { CpuMask } from '../machine/cpumask.js';
import { resolveCpus } from '../scenario/options/cpus.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { SysCpuOptions } from '../view/sys/cpu.js';

/** What the guest's kernel was started with. */
export function kernelParameters({ cmdline = '', cpus }: GuestOptions): KernelParameters {
  const { possible, present } = resolveCpus(cpus);
  return parseCmdline(cmdline, possible, present);
}

/** What /sys/devices/system/cpu says of the kernel's parameters, those that `cpus` gives among them. */
export function cpuFileOptions(options: GuestOptions, cpu0Hotplug: boolean): SysCpuOptions {
  const { possible, nohzFull } = resolveCpus(options.cpus);
  const parameters = kernelParameters(options);
  const noTick = [...nohzFull, ...(parameters.nohzFull ?? [])];
  return {
    isolated: CpuMask.of(possible, parameters.domainIsolated),
    ...(noTick.length > 0 && { nohzFull: CpuMask.of(possible, noTick) }),
    ...(cpu0Hotplug && parameters.cpu0Hotplug && { hotpluggable: () => true }),
  };
}
