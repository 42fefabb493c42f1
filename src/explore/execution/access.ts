import type { BufferedStore } from '../../machine/memory.js';
import { type Context, contextKind, type Lane } from './context.js';

/** The access of a step that touches no shared object. */
export const NO_ACCESS = -1;

/** An access to an object: read, or anything that does not commute with another access to it. */
function accessCode(object: { readonly id: number }, isRead: boolean): number {
  return isRead ? object.id * 2 : object.id * 2 + 1;
}

/** The access that the context's next step makes. */
export function accessOf(context: Context): number {
  const { step, lane } = context;
  if (step === undefined) return NO_ACCESS;
  const { buffer } = lane;
  if (context.kind === contextKind.COMMIT) {
    const store = pendingStore(context);
    return store === undefined ? NO_ACCESS : accessCode(store, false);
  }
  if (context.kind === contextKind.EARLY) {
    const reader = readerOf(lane);
    return reader?.step === undefined ? NO_ACCESS : accessCode(reader.step.object, true);
  }
  const { kind, object } = step;
  if (kind === 'read') return object.id * 2;
  if (kind === 'sleep' || kind === 'barrier') return NO_ACCESS;
  if (buffer !== undefined && object.buffers(step)) return NO_ACCESS;
  return object.id * 2 + 1;
}

/** The store that the context would let reach memory; undefined if it is no store buffer. */
export function pendingStore(context: Context): BufferedStore | undefined {
  if (context.kind !== contextKind.COMMIT) return undefined;
  return context.store ?? context.lane.buffer?.oldest;
}

/** The context of a CPU whose next load can have been early: the one that runs. */
export function readerOf({ hardirq, softirq, current }: Lane): Context | undefined {
  return hardirq ?? softirq ?? current;
}
