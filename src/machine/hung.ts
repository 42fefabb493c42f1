import type { CpuId, Ns } from '../lib/brand.js';
import type { RunningContext } from './step.js';
import type { Task } from './task.js';

/** Longest virtual time that a process context is given to end: longer than any time limit in the model. */
export const HUNG_LIMIT_NS: Ns = 3_600_000_000_000;

/** Who has what a context waits for. */
export interface Holder {
  /** What Linux calls the context, and its process id. */
  readonly comm: string;
  readonly pid: number;
  /** Functions of the kernel that it is in now, the innermost first; empty if none that the model names. */
  readonly functions: readonly string[];
}

/** A process context that waits, and that nothing but what it waits for can wake. */
export interface WaitingContext extends Holder {
  /** What the model calls it: the name of a workqueue, of an action. */
  readonly task: string;
  readonly cpu: CpuId;
  /** The lock, completion or condition that it waits for, by name. */
  readonly waitsFor: string;
  /** It spins, on its CPU, instead of sleeping. */
  readonly spins: boolean;
  /** Virtual time at which it began to wait, in ns from the machine's start. */
  readonly sinceNs: Ns;
  /** Who holds the lock that it waits for; undefined unless it waits for a lock. */
  readonly holder: Holder | undefined;
}

/** A process context waits for something that does not come. In Linux its caller would wait with it. */
export class HungError extends Error {
  override readonly name = 'HungError';

  /**
   * @param waitsFor name of what it waits for.
   * @param contexts all contexts that wait now, that of `task` among them.
   */
  constructor(
    readonly task: string,
    readonly waitsFor: string,
    why: string,
    readonly contexts: readonly WaitingContext[] = [],
  ) {
    super(`${task} waits for ${waitsFor} and ${why}`);
  }
}

/** True if `task` waits for something and no time limit or signal ends that: it sleeps uninterruptibly, or spins. */
export function isStuck({ state, blockedOn }: Task): boolean {
  if (state !== 'blocked' || blockedOn === undefined) return false;
  const { kind, ns, interruptible } = blockedOn;
  return kind !== 'sleep' && ns === undefined && interruptible !== true;
}

/** The facts about a task that is stuck. */
export function waitingContext(task: Task): WaitingContext {
  const object = task.blockedOn?.object;
  const holder = object?.heldBy();
  return {
    task: task.name,
    ...asHolder(task),
    cpu: task.cpu,
    waitsFor: object?.name ?? 'its turn',
    spins: task.blockedOn?.kind === 'read',
    sinceNs: task.sinceNs,
    holder: holder && asHolder(holder),
  };
}

function asHolder({ comm, pid, functions }: RunningContext): Holder {
  return { comm, pid, functions: functions.toReversed() };
}
