import type { CpuId } from '../../lib/brand.js';
import { cpu } from '../schema/notations.js';
import type { ScenarioGuest } from '../port.js';
import { defineAction, type ScenarioAction } from './action.js';

/** A step about one CPU, whose number is its value. */
function cpuAction(
  name: string,
  about: string,
  perform: (guest: ScenarioGuest, id: CpuId) => void,
): ScenarioAction {
  return defineAction({
    name,
    value: cpu.describe(about),
    fields: (number) => ({ cpu: number }),
    describe: (action) => `${name} ${action.cpu}`,
    endsWithCall: true,
    perform(guest, action) {
      perform(guest, action.cpu);
    },
    check: (action, at, { cpus }) => cpus.check(action.cpu, at),
  });
}

export const plugCpu = cpuAction(
  'plugCpu',
  'This CPU is plugged in; it is offline then (ACPI hot-add)',
  (guest, id) => guest.plugCpu(id),
);

export const online = cpuAction('online', 'Bring this CPU online', (guest, id) => guest.online(id));

export const offline = cpuAction('offline', 'Take this CPU offline', (guest, id) => guest.offline(id));

export const unplugCpu = cpuAction(
  'unplugCpu',
  'The host takes this CPU away; it goes offline first (ACPI eject)',
  (guest, id) => guest.unplugCpu(id),
);
