import type { ExitStatus } from '../../command/exit-status.js';
import { InterruptedError } from '../../command/interruptible.js';
import { noPlugins } from '../../command/plugins.js';
import type { Stdio } from '../../command/stdio.js';
import { UsageError } from '../../command/usage-error.js';
import { type Point, type PointResult, rowOf } from '../../compare/point.js';
import { type CompareOptions, type Elsewhere, runCompare } from '../../compare/run.js';
import { buildOf } from '../explore/fingerprint.js';
import { StoppedError } from '../explore/task.js';
import { QueuedJobs } from './jobs.js';
import { parsePointResult } from './messages.js';
import { aloneText, connectQueue, QUEUE, troubleText } from './redis.js';

/**
 * `irqlab compare --queue`: as runCompare, the choices run by the workers of a queue.
 *
 * @throws UsageError without a Redis.
 */
export async function compareByQueue(
  file: string,
  { queue: address, ...options }: CompareOptions & { readonly queue: string },
  stdio: Stdio,
): Promise<ExitStatus> {
  if (options.time)
    throw new UsageError(
      '--time measures this machine, and --queue has others run the choices; leave out one',
    );
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
  };
  process.once('SIGINT', stop);
  try {
    return await runCompare(file, options, stdio, undefined, () => open());
  } finally {
    process.removeListener('SIGINT', stop);
  }

  async function open(): Promise<Elsewhere> {
    const { plugins = noPlugins } = options;
    const server = await connectQueue(address, (what) => stdio.err(troubleText(what)));
    const of = { queue: QUEUE, kind: 'choice', build: buildOf(plugins.files), parse: parsePointResult };
    const jobs = new QueuedJobs<Point, PointResult>(
      server,
      of,
      () => isStopped,
      () => stdio.err(aloneText(server)),
    );
    return {
      begin: (points) => points.map((point, nth) => jobs.run(nth, point).then(rowOf, interrupted)),
      close: async () => {
        await jobs.close();
        await server.close();
      },
    };
  }
}

function interrupted(error: unknown): never {
  throw error instanceof StoppedError ? new InterruptedError('before a worker had run it') : error;
}
