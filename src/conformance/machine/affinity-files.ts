import type { Guest } from '../../guest/guest.js';
import type { KernelVersion } from '../../irq/kernel.js';
import type { RecordedCpus } from '../recorded.js';
import { recordedGuest } from './recorded-guest.js';

/** The first interrupt of the only PCI function: one that its driver does not hint about. */
const MSIX_IRQ = 24;

const guests = new Map<string, Guest>();

/** A guest with a virtio network adapter, the same for all cases of a machine: each sets its own state first. */
function guestOf(kernel: KernelVersion, cpus: RecordedCpus): Guest {
  const key = `${kernel} ${JSON.stringify(cpus)}`;
  let guest = guests.get(key);
  if (guest === undefined) {
    guest = recordedGuest(kernel, cpus, { pci: [{ driver: 'virtio-net' }] });
    guests.set(key, guest);
  }
  return guest;
}

/** A guest whose default affinity is what the recording begins with. */
export function guestWithDefault(kernel: KernelVersion, cpus: RecordedCpus, mask: string): Guest {
  const guest = guestOf(kernel, cpus);
  guest.fs.writeFile('/proc/irq/default_smp_affinity', mask);
  return guest;
}

/**
 * A guest with a real MSI-X interrupt that goes to one CPU, with a mask that is written and may still wait for the next
 * interrupt.
 *
 * @returns the guest and the interrupt's number.
 */
export function guestWithMsix(
  kernel: KernelVersion,
  cpus: RecordedCpus,
  before: { readonly smp_affinity: string; readonly effective_affinity_list: string },
): { guest: Guest; irq: number } {
  const guest = guestOf(kernel, cpus);
  const line = guest.irq(MSIX_IRQ);
  const move = (file: string, text: string) => guest.fs.writeFile(`/proc/irq/${MSIX_IRQ}/${file}`, text);
  const target = before.effective_affinity_list.trim();
  for (const list of [target, cpus.online]) {
    move('smp_affinity_list', list);
    line.raise();
    // The vector that it had is cleaned up.
    guest.run({ ms: 10 });
    line.raise();
  }
  move('smp_affinity', before.smp_affinity);
  const mask = guest.fs.readFile(`/proc/irq/${MSIX_IRQ}/smp_affinity_list`).trim();
  if (mask === cpus.online) line.raise();
  return { guest, irq: MSIX_IRQ };
}
