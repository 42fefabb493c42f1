import { cpu } from '../schema/notations.js';
import { defineAction } from './action.js';

export const offline = defineAction({
  name: 'offline',
  value: cpu.describe('Take this CPU offline'),
  fields: (number) => ({ cpu: number }),
  describe: (action) => `offline ${action.cpu}`,
  perform(guest, action) {
    guest.offline(action.cpu);
  },
  check: (action, at, { cpus }) => cpus.check(action.cpu, at),
});

/** The twin of online, a step before. */
export const plugCpu = defineAction({
  name: 'plugCpu',
  value: cpu.describe('This CPU is plugged in; it is offline then (ACPI hot-add)'),
  fields: (number) => ({ cpu: number }),
  describe: (action) => `plugCpu ${action.cpu}`,
  perform(guest, action) {
    guest.plugCpu(action.cpu);
  },
  check: (action, at, { cpus }) => cpus.check(action.cpu, at),
});

export const unplugCpu = defineAction({
  name: 'unplugCpu',
  value: cpu.describe('The host takes this CPU away; it goes offline first (ACPI eject)'),
  fields: (number) => ({ cpu: number }),
  describe: (action) => `unplugCpu ${action.cpu}`,
  perform(guest, action) {
    guest.unplugCpu(action.cpu);
  },
  check: (action, at, { cpus }) => cpus.check(action.cpu, at),
});

export const online = defineAction({
  name: 'online',
  value: cpu.describe('Bring this CPU online'),
  fields: (number) => ({ cpu: number }),
  describe: (action) => `online ${action.cpu}`,
  perform(guest, action) {
    guest.online(action.cpu);
  },
  check: (action, at, { cpus }) => cpus.check(action.cpu, at),
});
