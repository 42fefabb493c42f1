import type { Guest } from '../../guest/guest.js';
import { ErrnoError, errnoCode } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';

/** Thrown out of a file's write when what it would wait for has been started. */
class Started extends Error {}

/** Writes that go on while others go on: what a write would wait for is started, and nobody waits for it. */
export class BackgroundWrites {
  /** Number of writes that have not ended. */
  left = 0;
  private readonly ended: string[] = [];

  constructor(private readonly guest: Guest) {}

  /** Number of results that nobody has taken. */
  get done(): number {
    return this.ended.length;
  }

  /** Results since they were last taken, in the order of their ends. */
  take(): string[] {
    return this.ended.splice(0);
  }

  /** Starts what `write` does by Machine.run or Machine.call. */
  start(write: () => void): void {
    const { machine } = this.guest;
    const { run, call } = machine;
    const begin = (name: string, proc: Procedure<unknown>): never => {
      machine.spawn(name, this.noting(proc));
      throw new Started();
    };
    machine.run = begin;
    machine.call = begin;
    try {
      write();
      this.ended.push('ok');
    } catch (thrown) {
      if (thrown instanceof ErrnoError) this.ended.push(thrown.code);
      else if (!(thrown instanceof Started)) throw thrown;
    } finally {
      machine.run = run;
      machine.call = call;
    }
    machine.settle();
  }

  private *noting(proc: Procedure<unknown>): Procedure<void> {
    this.left += 1;
    const text = yield* resultOf(proc);
    this.left -= 1;
    this.ended.push(text);
  }
}

/** A procedure fails by an ErrnoError, or by a negative errno as its result. */
function* resultOf(proc: Procedure<unknown>): Procedure<string> {
  try {
    const result = yield* proc;
    return typeof result === 'number' && result < 0 ? errnoCode(result) : 'ok';
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
}
