// Each picture of the screen shows the guest at one moment: what all views on it want to see is asked for at once, and
// not again before it has come. A guest that stands still is looked at now and then only.
import { signal } from '@preact/signals';
import type { GuestState, Look, Seen } from '../worker/protocol.js';
import { ask } from './worker.js';

/** The guest as it was last seen; undefined: there is none yet. */
export const state = signal<GuestState | undefined>(undefined);

/** What a view wants to see. */
export interface Wish {
  /** Its part of the request; undefined: nothing at the moment. */
  wish(): Partial<Omit<Look, 'kind'>> | undefined;
  /** Takes what has come. */
  see(seen: Seen): void;
}

/** How often a guest that stands still is looked at, in ms. */
const STILL_MS = 200;

const wishes = new Set<Wish>();
let isAsking = false;
let isUrgent = false;
let lastMs = 0;

/** A view begins to look. @returns what ends that. */
export function look(wish: Wish): () => void {
  wishes.add(wish);
  lookSoon();
  return () => wishes.delete(wish);
}

/** Something was done to the guest, or is wanted of it: the next picture shows what is so now. */
export function lookSoon(): void {
  isUrgent = true;
}

/** Begins with the first guest; goes on for as long as there is the page. */
export function startLooking(): void {
  requestAnimationFrame(onFrame);
}

function onFrame(nowMs: number): void {
  requestAnimationFrame(onFrame);
  if (state.peek() === undefined || isAsking || !(isUrgent || isMoving() || nowMs - lastMs >= STILL_MS))
    return;
  isAsking = true;
  isUrgent = false;
  lastMs = nowMs;
  void lookOnce();
}

/** True while the guest's time goes by. */
export function isMoving(): boolean {
  const { speed = 0, isBusy = false } = state.peek() ?? {};
  return speed > 0 || isBusy;
}

async function lookOnce(): Promise<void> {
  const asking = [...wishes];
  const parts = asking.map((each) => each.wish());
  const files = [...new Set(parts.flatMap((part) => part?.files ?? []))];
  try {
    const seen = await ask<'look'>({
      ...Object.assign({}, ...parts),
      kind: 'look',
      ...(files.length > 0 && { files }),
    });
    state.value = seen.state;
    for (const [i, each] of asking.entries()) if (parts[i] !== undefined && wishes.has(each)) each.see(seen);
  } finally {
    isAsking = false;
  }
}
