import { placeOf, type SoftirqName } from './softirq.js';
import { type Procedure, SharedWord } from './step.js';

/**
 * Work that an interrupt leaves for after it, on the same CPU: a tasklet (struct tasklet_struct), or what else a softirq
 * runs. Scheduling it again before it ran has no effect; scheduling it while it runs makes it run once more.
 */
export class Tasklet extends SharedWord {
  scheduled = false;
  /** Where it waits, see Softirqs. */
  readonly place: number;

  /**
   * @param steps the same work step by step, for whoever interleaves it with other contexts.
   * @param softirq who runs it; null: hardware, and nothing counts it.
   */
  constructor(
    name: string,
    readonly run: () => void,
    readonly steps?: () => Procedure<void>,
    softirq: SoftirqName | null = 'TASKLET',
  ) {
    super(name);
    this.place = placeOf(softirq ?? undefined);
  }

  /** The kernel's function that it runs: its name up to the thing that it is for. */
  get func(): string {
    return this.name.replace(/\/.*$/, '');
  }
}
