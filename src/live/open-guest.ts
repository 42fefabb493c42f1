import { performance } from 'node:perf_hooks';
import type { CommandIo } from '../cli/command.js';
import { Guest } from '../guest/guest.js';
import { createGuest, loadScenarioFile } from '../cli/run-file.js';
import { LiveGuest } from './live-guest.js';

/** A guest in operation. */
export interface OpenGuest {
  readonly guest: Guest;
  readonly live: LiveGuest;
}

/** Boots the guest of a scenario file; its workload and timeline happen as its time passes. @throws UsageError */
export async function openGuest(file: string, speed: number, io: CommandIo): Promise<OpenGuest> {
  const scenario = loadScenarioFile(file, io);
  const guest = await createGuest(scenario, async (options) => Guest.create(options));
  const live = new LiveGuest(guest, scenario, {
    speed,
    nowMs: () => performance.now(),
    onFailure: (message) => io.err(`irqlab: ${message}\n`),
  });
  return { guest, live };
}
