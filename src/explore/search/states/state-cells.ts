import type { Snapshot } from '../../../machine/step.js';
import { type Context, contextKind } from '../../execution/context.js';
import { MAX_CONTEXTS } from '../../execution/context-set.js';
import { givesWay } from '../../execution/rules.js';
import type { Digest } from './digest.js';

// A state as a search by states has it: a row of numbers of 32 bits, the cells. Digests and versions are pairs of them. A
// version is the digest of the plain state that all share, as it was at some moment.

/** Cells of a context: what it has observed (a pair), its flags, and the access of its next step. */
export const CONTEXT = 4;
/** Cells of a lane: who has it (a pair), and the version when it was used last. */
export const LANE = 4;
/** Cells of an object: its value (a pair, both 0 if that is not known), the versions when it was changed and read last. */
export const OBJECT = 6;

/** Where the version of the last moment is that time passed. */
export const TIME = 0;
/** Where the number of contexts is. */
export const COUNT = 2;
export const CONTEXTS = 4;
export const LANES = CONTEXTS + CONTEXT * MAX_CONTEXTS;
/** Digests of plain state: what is shared, then what each context has for its own; behind them the objects. */
export const PARTS = LANES + LANE * (MAX_CONTEXTS + 1);

const KIND = 7;
const HAS_STEP = 8;
const IS_RUNNING = 16;
const RAISED = 32;
const DUE = 64;
const GIVES_WAY = 128;
const IS_SHARED = 256;
const LANE_SHIFT = 9;
const LANE_MASK = 31;
const OWNER_SHIFT = 14;

/** All of a context that others go by. @param owner number of the part of plain state that is its own; 0: it has none. */
export function flagsOf({ kind, step, proc, raised, due, lane }: Context, owner: number): number {
  return (
    kind |
    (step === undefined ? 0 : HAS_STEP | (givesWay(step) ? GIVES_WAY : 0)) |
    (proc === undefined ? 0 : IS_RUNNING) |
    (raised ? RAISED : 0) |
    (due ? DUE : 0) |
    (lane.isShared ? IS_SHARED : 0) |
    (lane.index << LANE_SHIFT) |
    (owner << OWNER_SHIFT)
  );
}

export function hasStep(flags: number): boolean {
  return (flags & HAS_STEP) !== 0;
}

export function isRunning(flags: number): boolean {
  return (flags & IS_RUNNING) !== 0;
}

export function isPhantom(flags: number): boolean {
  const kind = flags & KIND;
  return kind === contextKind.COMMIT || kind === contextKind.EARLY;
}

/** Index of its lane. */
export function laneOf(flags: number): number {
  return (flags >> LANE_SHIFT) & LANE_MASK;
}

export function ownerOf(flags: number): number {
  return flags >> OWNER_SHIFT;
}

/** True if several contexts are on its lane, so that they exclude each other. */
export function sharesLane(flags: number): boolean {
  return (flags & IS_SHARED) !== 0;
}

/** Writes a value into two cells, by way of `scratch` where it is no small integer. Never both 0. */
export function setValue(cells: Int32Array, place: number, value: Snapshot, scratch: Digest): void {
  if (typeof value === 'number' && (value | 0) === value) {
    cells[place] = 1;
    cells[place + 1] = value;
    return;
  }
  scratch.from(0x6a09e667, 0);
  scratch.addPlain(value);
  cells[place] = scratch.a;
  cells[place + 1] = scratch.b | 1;
}
