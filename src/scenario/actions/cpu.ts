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
