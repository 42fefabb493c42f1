import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Stdio } from '../../src/command/stdio.js';
import { buildOf } from '../../src/cli/explore/fingerprint.js';
import { QueuedJobs } from '../../src/cli/queue/jobs.js';
import { parsed } from '../../src/cli/queue/messages.js';
import { connectQueue, troubleText } from '../../src/cli/queue/redis.js';
import { takeJobs } from '../../src/cli/queue/take-jobs.js';
import { type Attack, type Attacked, attackHere } from './attack.js';
import { drawTrial } from './draw.js';
import { partNamed, parts } from './parts/index.js';
import { WatchedTrials } from './watched.js';

const QUEUE = 'irqlab-hostile';

/** Trials in the queue at a time: enough for as many workers, and not so many that a part has more than its turn. */
export const WIDTH = 32;

const taskSchema = z.strictObject({
  part: z.enum(parts.map(({ name }) => name)),
  seed: z.number(),
  nth: z.int().min(0),
});

type Task = z.infer<typeof taskSchema>;

const word = z.int().min(0).max(0xffffffff);

const resultSchema = z.union([
  z.strictObject({ obstacle: z.string() }),
  z.strictObject({
    spentMs: z.number().min(0),
    actions: z.int().min(0),
    reached: z.array(z.string()),
    finding: z
      .strictObject({
        part: z.string(),
        setup: word,
        actions: z.array(z.tuple([word, word, word, word])),
        finding: z.string(),
        words: z.array(z.string()),
      })
      .optional(),
  }),
]);

/** @throws TypeError saying what is wrong with it. */
export function parseTrialTask(task: unknown): Task {
  return parsed(taskSchema, task, 'trial of the hostile suite');
}

/** @throws TypeError saying what is wrong with it. */
export function parseAttacked(value: unknown): Attacked {
  return parsed(resultSchema, value, 'result of a trial');
}

/** Others who run trials. */
interface Attackers {
  readonly attack: Attack;
  /** Trials that nobody has begun end with StoppedError. */
  takeBack(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Has trials run by who takes them from a queue.
 *
 * @param isStopped is asked whether all is to end.
 * @throws UsageError if no Redis answers there.
 */
export async function attackByQueue(address: string, isStopped: () => boolean): Promise<Attackers> {
  const server = await connectQueue(address, (what) => console.error(troubleText(what).trimEnd()));
  const of = { queue: QUEUE, kind: 'trial', build: build(), parse: parseAttacked };
  const jobs = new QueuedJobs<Task, Attacked>(server, of, isStopped, () =>
    console.error(
      `no worker takes trials yet; start some: npm run hostile -- --worker --queue ${server.name}`,
    ),
  );
  let number = 0;
  return {
    attack: async (part, seed, nth) => {
      const attacked = await jobs.run(number++, { part: part.name, seed, nth });
      if ('obstacle' in attacked || attacked.finding === undefined) return attacked;
      // Whose finding it is, and so where it is saved, is known here.
      const { setup } = drawTrial(part, seed, nth);
      return { ...attacked, finding: { ...attacked.finding, part: part.name, setup } };
    },
    takeBack: () => jobs.takeBack(),
    close: async () => {
      await jobs.close();
      await server.close();
    },
  };
}

/**
 * Runs trials that others have put into a queue, one at a time, until Ctrl-C.
 *
 * @throws UsageError if no Redis answers there.
 */
export async function workForOthers(address: string): Promise<number> {
  const trials = new WatchedTrials();
  const attack = attackHere(trials);
  const io: Stdio = {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    readStdin: () => '',
  };
  let done = 0;
  const trial = (task: unknown) => {
    const { part, seed, nth } = parseTrialTask(task);
    return async () => {
      try {
        const attacked = await attack(partNamed(part), seed, nth);
        if (trials.isClosed) return undefined;
        done += 1;
        return attacked;
      } catch (error) {
        if (trials.isClosed) return undefined;
        throw error;
      }
    };
  };
  return takeJobs(
    address,
    {
      queue: QUEUE,
      kinds: new Map([['trial', trial]]),
      build: build(),
      width: 1,
      idle: Number.POSITIVE_INFINITY,
      text: () => `${done} trials`,
      stop: () => trials.close(),
    },
    io,
  );
}

/** Stands for irqlab and the suite. */
function build(): string {
  return buildOf([fileURLToPath(new URL('./trial-process.js', import.meta.url))]);
}
