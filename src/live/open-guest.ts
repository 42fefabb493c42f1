import { performance } from 'node:perf_hooks';
import { guestsWith, openScenario } from '../command/scenario-file.js';
import { bootGuest } from '../command/boot-guest.js';
import type { Plugins } from '../command/plugins.js';
import type { Stdio } from '../command/stdio.js';
import type { Guest } from '../guest/guest.js';
import { LiveGuest } from '../steer/live-guest.js';

/** A guest, and the clock that makes it follow the real time. */
export interface OpenGuest {
  readonly guest: Guest;
  readonly live: LiveGuest;
}

/**
 * Boots the guest of a scenario file; its workload and timeline happen as time passes.
 *
 * @throws UsageError for a file that cannot be used.
 */
export async function openGuest(
  file: string,
  speed: number,
  stdio: Stdio,
  plugins: Plugins | undefined,
): Promise<OpenGuest> {
  const scenario = openScenario(file, stdio, plugins);
  const guest = await bootGuest(scenario, guestsWith(plugins));
  const live = new LiveGuest(guest, scenario, {
    speed,
    nowMs: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    onFailure: (message) => stdio.err(`irqlab: ${message}\n`),
  });
  return { guest, live };
}
