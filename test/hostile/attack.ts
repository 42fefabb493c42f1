import { drawTrial } from './draw.js';
import { type Finding, shrink } from './finding.js';
import type { Part } from './trial.js';
import type { WatchedTrials } from './watched.js';

/** What came of a trial, or why it cannot be run. */
export type Attacked =
  | { readonly obstacle: string }
  | {
      readonly spentMs: number;
      readonly actions: number;
      readonly reached: readonly string[];
      readonly finding?: Finding | undefined;
    };

/** Runs the nth trial of a part somewhere. */
export type Attack = (part: Part, seed: number, nth: number) => Promise<Attacked>;

/** Runs trials on this machine. What breaks is shown with as few actions as break it. */
export function attackHere(trials: WatchedTrials): Attack {
  return async (part, seed, nth) => {
    const obstacle = part.obstacle?.();
    if (obstacle !== undefined) return { obstacle };
    const begin = performance.now();
    const trial = drawTrial(part, seed, nth);
    const { finding: broken, reached } = await trials.run(trial);
    const finding = broken === undefined ? undefined : await shrink(trial, broken, trials);
    return { spentMs: performance.now() - begin, actions: trial.actions.length, reached, finding };
  };
}
