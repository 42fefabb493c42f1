import { type Procedure, SharedWord } from './step.js';

/**
 * Work that an interrupt leaves for after it, on the same CPU (struct tasklet_struct). Scheduling it again before it
 * ran has no effect; scheduling it while it runs makes it run once more.
 */
export class Tasklet extends SharedWord {
  scheduled = false;

  constructor(
    name: string,
    readonly run: () => void,
    /** The same work step by step, for whoever interleaves it with other contexts. */
    readonly steps?: () => Procedure<void>,
  ) {
    super(name);
  }
}
