// One trial after the other, for who watches this process (watched.ts).
import 'reflect-metadata/lite';
import { partNamed } from './parts/index.js';
import type { Trial } from './trial.js';

/** What a trial came to. */
export interface Outcome {
  readonly finding: string | undefined;
  readonly reached: readonly string[];
  /** Setup and actions in words, where they were asked for and the part has them. */
  readonly words?: readonly string[];
}

/** What this process is asked: to run a trial, or to put it into words, which for some is to run it once more. */
export interface Question {
  readonly trial: Trial;
  readonly inWords: boolean;
}

process.on('message', async ({ trial, inWords }: Question) => {
  const words = inWords ? partNamed(trial.part).words?.(trial) : undefined;
  process.send?.(inWords ? { finding: undefined, reached: [], words } : await outcomeOf(trial));
});
process.on('disconnect', () => process.exit());

async function outcomeOf(trial: Trial): Promise<Outcome> {
  const { run, budgetMs } = partNamed(trial.part);
  const reached = new Set<string>();
  const slow: string[] = [];
  let steps = 0;
  let begin = process.cpuUsage();
  const step = (): void => {
    const { user, system } = process.cpuUsage(begin);
    const spentMs = (user + system) / 1000;
    if (spentMs > budgetMs)
      slow.push(`step ${steps} took ${Math.round(spentMs)} ms of CPU, more than ${budgetMs}`);
    steps += 1;
    begin = process.cpuUsage();
  };
  try {
    const finding = await run(trial, { step, reached: (what) => reached.add(what) });
    step();
    return { finding: finding ?? slow[0], reached: [...reached] };
  } catch (error) {
    return {
      finding: error instanceof Error ? (error.stack ?? error.message) : String(error),
      reached: [...reached],
    };
  }
}
