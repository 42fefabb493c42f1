import { performance } from 'node:perf_hooks';
import { bootGuest, createGuest, openScenario } from '../command/scenario-file.js';
import type { Stdio } from '../command/stdio.js';
import type { Guest } from '../guest/guest.js';
import { LiveGuest } from './live-guest.js';

/** A guest, and its time that follows the real time. */
export interface OpenGuest {
  readonly guest: Guest;
  readonly live: LiveGuest;
}

/** Boots the guest of a scenario file; its workload and timeline happen as its time passes. @throws UsageError */
export async function openGuest(file: string, speed: number, stdio: Stdio): Promise<OpenGuest> {
  const scenario = openScenario(file, stdio);
  const guest = await bootGuest(scenario, createGuest);
  const live = new LiveGuest(guest, scenario, {
    speed,
    nowMs: () => performance.now(),
    onFailure: (message) => stdio.err(`irqlab: ${message}\n`),
  });
  return { guest, live };
}
