import { z } from 'zod';
import type { KvmDeviceOptions } from '../options.js';
import { duration, int, list, mapping } from './values.js';

const device = mapping('a device, e.g. {name: uart, gsi: 10, every: 1ms, during: 1s}', {
  name: z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' }).describe('Name'),
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
