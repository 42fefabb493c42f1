// The one store of the page: the scenario, the guest of it as it was last seen, and what can be done to it. Views read
// its signals and call its functions; they ask the worker only for what they alone show.
import { computed, signal } from '@preact/signals';
import type { Problem } from '../worker/editor-protocol.js';
import { type Command, type Deed, deeds, recordDeed } from './deeds.js';
import { lookSoon, state } from './looking.js';
import { ask, onWorkerEvent } from './worker.js';

export interface ScenarioText {
  readonly name: string;
  readonly text: string;
}

/** The scenario of the guest that runs. */
export const scenario = signal<ScenarioText | undefined>(undefined);
/** What is wrong with the scenario that was loaded last; it has left the guest before it in place. */
export const problems = signal<readonly Problem[]>([]);
export const isLoading = signal(false);
/** Sentences about steps of the timeline that did not turn out as expected. */
export const failures = signal<readonly string[]>([]);
export const isPlaying = computed(() => (state.value?.speed ?? 0) > 0);
/** The speed at which `play` goes on. */
export const speed = signal(1);

onWorkerEvent((event) => {
  if (event.event === 'failure') failures.value = [...failures.value, event.message];
});

/** Boots the guest of a scenario. @returns whether it could be. */
export async function load(given: ScenarioText): Promise<boolean> {
  isLoading.value = true;
  try {
    const loaded = await ask<'load'>({ kind: 'load', ...given });
    problems.value = loaded.ok ? [] : loaded.problems;
    if (!loaded.ok) return false;
    deeds.value = [];
    failures.value = [];
    scenario.value = given;
    state.value = (await ask<'look'>({ kind: 'look' })).state;
    return true;
  } finally {
    isLoading.value = false;
  }
}

/** Boots the same guest again. */
export async function restart(): Promise<void> {
  if (scenario.value !== undefined) await load(scenario.value);
}

/**
 * Does something to the guest or its host, and records it.
 *
 * @param command `{ offline: 3 }`, `{ write: '/proc/irq/24/smp_affinity', data: '2' }`, or YAML.
 */
export async function act(command: Command): Promise<Deed> {
  const text = typeof command === 'string' ? command : JSON.stringify(command);
  const { atNs, answer } = await ask<'command'>({ kind: 'command', text });
  lookSoon();
  return recordDeed({ atNs, command, answer });
}

/** Does again what was done by hand, each thing at its time; the guest stands still at the last one's. */
export async function redo(done: readonly Pick<Deed, 'atNs' | 'command'>[]): Promise<void> {
  for (const { atNs, command } of done) {
    await advance(atNs);
    await act(command);
  }
  await setSpeed(0);
}

export function play(): Promise<void> {
  return setSpeed(speed.value);
}

export function pause(): Promise<void> {
  void ask<'halt'>({ kind: 'halt' });
  return setSpeed(0);
}

/** Chooses the speed: seconds of the guest's time in a second of real time. */
export async function chooseSpeed(chosen: number): Promise<void> {
  speed.value = chosen;
  if (isPlaying.value) await setSpeed(chosen);
}

/** Lets the guest run to the next thing that happens, or to a time in ns since booting, and stand still there. */
export async function advance(to: 'next' | number): Promise<void> {
  await setSpeed(0);
  const done = ask<'advance'>({ kind: 'advance', to });
  lookSoon();
  await done;
  lookSoon();
}

async function setSpeed(chosen: number): Promise<void> {
  await ask<'speed'>({ kind: 'speed', speed: chosen });
  if (state.value !== undefined) state.value = { ...state.value, speed: chosen };
  lookSoon();
}
