import { Guest } from '../../guest/guest.js';
import type { KernelVersion } from '../../irq/kernel.js';
import { parseCpuList } from '../../machine/cpumask-text.js';
import type { GuestOptions } from '../../scenario/options/guest.js';
import { type RecordedCpus, recordedNrCpuIds } from '../recorded.js';

/** CPUs of a recorded machine; those left out are all that are possible. */
type GuestCpus = Pick<RecordedCpus, 'possible' | 'nr_cpu_ids'> & Partial<RecordedCpus>;

/**
 * The machine that the recordings are of, as a guest that anybody can make: a PC that QEMU emulates, with a PIC and
 * without Hyper-V. CPUs that are not online went after it had booted.
 */
export function recordedGuest(
  kernel: KernelVersion,
  cpus: GuestCpus,
  more: Partial<GuestOptions> = {},
): Guest {
  const possible = recordedNrCpuIds(cpus);
  const present = parseCpuList(cpus.present ?? cpus.possible, possible);
  const gone = present.andNot(parseCpuList(cpus.online ?? cpus.possible, possible));
  const guest = Guest.create({
    kernel,
    // Else CPU 0 could not be offline.
    ...(gone.has(0) && { cmdline: 'cpu0_hotplug' }),
    cpus: { possible, present: present.weight },
    generation: 1,
    vmbus: false,
    ...more,
  });
  for (const cpu of gone) {
    guest.fs.writeFile(`/sys/devices/system/cpu/cpu${cpu}/online`, '0');
  }
  return guest;
}
