import type { Checks } from '../checks/checks.js';
import type { InterruptOptions } from '../options/interrupts.js';
import type { KvmDeviceOptions, KvmGuestOptions } from '../options/kvm.js';
import { duration, nonEmpty } from './notations.js';
import { int, list, mapping } from './shapes.js';

const device = mapping('a device, e.g. {name: uart, gsi: 10, every: 1ms, during: 1s}', {
  name: nonEmpty.describe('Name'),
  // Below are timer, keyboard and the cascade of the second PIC.
  gsi: int(3, 23).describe("Pin of the guest's IO-APIC and number of its interrupt; devices may share one"),
  from: duration.optional().describe('Start; default: the end of booting'),
  every: duration.describe('The device asks for service each time so much has passed'),
  during: duration.describe('For how long'),
  wants: int(1, 1000)
    .optional()
    .describe('Things that it has for the driver each time; an interrupt does one. Default 1'),
  reassign: duration
    .optional()
    .describe('Each time so much has passed its irqfd is deassigned and assigned again; default: never'),
}).transform(
  ({ from: fromNs, every: everyNs, during: duringNs, reassign: reassignNs, ...same }): KvmDeviceOptions => ({
    ...same,
    fromNs,
    everyNs,
    duringNs,
    reassignNs,
  }),
);

export const kvm = mapping('a mapping such as {devices: [{name: uart, gsi: 10, every: 1ms, during: 1s}]}', {
  devices: list('a list of devices', device).describe('Level-triggered devices of user space, on irqfds'),
});

/** @param interrupts of the guest; what is wrong in itself is undefined. */
export function checkKvm(
  { devices }: KvmGuestOptions,
  interrupts: readonly (InterruptOptions | undefined)[],
  { report, platform }: Checks,
): void {
  if (!platform.hasIoapic)
    report(['kvm'], `${platform.name} has no IO-APIC, to which level-triggered irqfds belong here`);
  const names = new Set<string>();
  devices.forEach(({ name, gsi, everyNs, duringNs, reassignNs }, i) => {
    const at = ['kvm', 'devices', i];
    if (names.has(name)) report([...at, 'name'], `there is a device ${name} already`);
    names.add(name);
    if (interrupts.some((interrupt) => interrupt?.irq === gsi))
      report([...at, 'gsi'], `"interrupts" has an interrupt ${gsi} already`);
    if (everyNs < 1) report([...at, 'every'], 'expected more than 0s');
    if (duringNs < 1) report([...at, 'during'], 'expected more than 0s');
    if (reassignNs === 0) report([...at, 'reassign'], 'expected more than 0s');
  });
}
