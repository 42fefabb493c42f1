import type { FileTree } from '../view/tree.js';
import type { CommandIo } from '../cli/command.js';
import { FuseSession } from './fuse/session.js';
import type { LiveGuest } from './live-guest.js';
import { TreeFuse } from './fuse/tree.js';

/** The guest's time moves on at least so often, in ms, so that no work piles up while nobody looks. */
const TICK_MS = 20;

/** One defect may show at every request from then on. */
const MOST_SHOWN = 5;

/** A guest's files being answered for, and its time passing. */
export interface Service {
  readonly session: FuseSession;
  /** Defects that showed; the service goes on with the guest as it is. */
  readonly defects: unknown[];
  /** Reports a defect. */
  readonly onDefect: (error: unknown) => void;
  /** Ends the passing of time. */
  stopTime(): void;
}

/** Begins to answer for a guest's files through a FUSE descriptor. */
export function serve(tree: FileTree, live: LiveGuest, io: CommandIo, fd: number): Service {
  const defects: unknown[] = [];
  const onDefect = (error: unknown): void => {
    defects.push(error);
    if (defects.length > MOST_SHOWN) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.err(`irqlab: this is a defect of irqlab, please report it:\n${text}\n`);
  };
  const owner = { uid: 0, gid: 0, timeS: Math.floor(Date.now() / 1000) };
  const session = new FuseSession(
    new TreeFuse(tree, owner),
    { beforeRequest: () => live.catchUp(), onDefect },
    fd,
  );
  const timer = setInterval(() => {
    try {
      live.catchUp();
    } catch (error) {
      onDefect(error);
      clearInterval(timer);
    }
  }, TICK_MS);
  return { session, defects, onDefect, stopTime: () => clearInterval(timer) };
}
