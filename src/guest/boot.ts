import { ErrnoError } from '../lib/errno.js';
import { HungError } from '../machine/hung.js';
import { procedureOf } from '../machine/procedure-of.js';
import type { Procedure } from '../machine/step.js';
import { runInTurns, type Turns } from '../machine/turns.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { InterruptOptions } from '../scenario/options/interrupts.js';
import type { PciDeviceOptions } from '../scenario/options/pci.js';
import { initIrqProc } from '../view/proc/irq.js';
import type { AssembledGuest } from './container/assemble.js';
import { keepChannelIrqs } from './channel-irqs.js';

/**
 * Boots a guest: the interrupts outside VMBus, irqdomains of plug-ins, VMBus, and what Hyper-V passes through.
 *
 * @param isFirst the machine has just been made; false: another kernel is started on it, which takes it as it is.
 * @returns what booting waited for in vain: a guest whose host does not answer hangs, but can be looked at, and goes on
 *   when an answer comes.
 * @throws RangeError if the options make no guest, as with a device that its driver cannot take into service.
 */
export function* bootGuest(
  guest: AssembledGuest,
  options: GuestOptions,
  isFirst: boolean,
): Turns<HungError | undefined> {
  try {
    // All drivers are built in: what waits is the first process, before it is init.
    const { machine } = guest;
    const identity = { comm: 'swapper/0', pid: 1 };
    yield* runInTurns(machine, 'boot', boot(guest, options, isFirst), machine.online.first(), identity);
    return undefined;
  } catch (error) {
    if (error instanceof HungError) return error;
    if (error instanceof ErrnoError) throw new RangeError(error.message);
    throw error;
  }
}

function* boot(
  { irqCore, lines, pci, kvm, vmbus, irqDomains }: AssembledGuest,
  { interrupts = [], channels = [], pci: functions = [], vmbus: hasVmbus = true }: GuestOptions,
  isFirst: boolean,
): Procedure<void> {
  // The timer is requested before there is a /proc/irq, devices are found after that.
  const isTimer = ({ irq }: InterruptOptions): boolean => irq === 0;
  for (const interrupt of interrupts.filter(isTimer)) yield* lines.plugIn(interrupt);
  initIrqProc(irqCore);
  for (const interrupt of interrupts) if (!isTimer(interrupt)) yield* lines.plugIn(interrupt);
  yield* keepChannelIrqs(irqCore, vmbus.connection.relids, channels);
  if (kvm !== undefined) yield* kvm.boot();
  for (const plugin of irqDomains) yield* procedureOf(plugin.attach(irqCore), plugin, 'attach(core)');
  // What is on a bus of pci-hyperv is found there.
  const others = functions.filter((one) => pci.passedThrough.busFor(one) === undefined);
  const isOnHyperv = ({ bus = pci.defaultBus() }: PciDeviceOptions): boolean => bus === 'hyperv';
  for (const device of others)
    if (!isOnHyperv(device)) yield* isFirst ? pci.plug(device) : pci.discover(device);
  if (hasVmbus) yield* vmbus.init();
  for (const device of others)
    if (isOnHyperv(device)) yield* isFirst ? pci.plug(device) : pci.discover(device);
}
