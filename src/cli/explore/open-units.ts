import type { Stdio } from '../../command/stdio.js';
import { UsageError } from '../../command/usage-error.js';
import type { Fingerprint } from '../../explore/report/report.js';
import type { UnitTask } from '../queue/messages.js';
import { fingerprintOf, userFiles } from './fingerprint.js';
import { hasUnits, newUnitSearch, type UnitRunner, type UnitSearch } from './in-units.js';
import type { ExploreCommandOptions } from './options.js';
import { StateFile } from './state-file.js';
import type { Search, TaskRunner } from './task.js';

/** A search in units that something is held open for. */
interface OpenUnits extends UnitSearch {
  close(): Promise<void>;
}

/**
 * A search that is kept in a file, done by the workers of a queue, or both.
 *
 * @throws UsageError for a search without units, a file of another search, or without a Redis.
 */
export async function openUnits(
  options: ExploreCommandOptions,
  search: Search,
  threads: TaskRunner,
  stdio: Stdio,
): Promise<OpenUnits> {
  const { state, queue } = options;
  const { strategy } = search;
  if (!hasUnits(strategy))
    throw new UsageError(
      `${state === undefined ? '--queue' : '--state'}: a search with --strategy ${strategy.kind} has no units to keep or to send`,
      'Those that have: dfs, dpor and bounded.',
    );
  // How long it goes on at a time may differ.
  const { race, variant, memory, maxSteps } = search;
  const lasting = { race, variant, memory, strategy, ...(maxSteps !== undefined && { maxSteps }) };
  const fingerprint = fingerprintOf({ ...lasting, sanitize: search.sanitize }, userFiles(options));
  const file =
    state === undefined ? undefined : new StateFile(state, `${search.race}/${search.variant}`, fingerprint);
  const units = newUnitSearch(threads, search, file?.read(options.resume ?? false));
  const { frontier } = units;
  file?.write(frontier.saved());
  const workers =
    queue === undefined ? undefined : await openQueue(queue, fingerprint, lasting, threads, stdio);
  return {
    frontier,
    runner: workers?.runner ?? units.runner,
    onUnit: () => file?.keep(() => frontier.saved()),
    close: async () => {
      file?.write(frontier.saved());
      await workers?.close();
    },
  };
}

async function openQueue(
  address: string,
  fingerprint: Fingerprint,
  search: UnitTask['search'],
  threads: TaskRunner,
  stdio: Stdio,
): Promise<{ runner: UnitRunner; close(): Promise<void> }> {
  // Only who has a queue loads what it takes.
  const { aloneText, connectQueue, troubleText } = await import('../queue/redis.js');
  const { QueueUnits } = await import('../queue/queue-units.js');
  const server = await connectQueue(address, (what) => stdio.err(troubleText(what)));
  const runner = new QueueUnits(
    server,
    fingerprint,
    search,
    () => threads.isStopped,
    () => stdio.err(aloneText(server)),
  );
  return {
    runner,
    close: async () => {
      await runner.close();
      await server.close();
    },
  };
}
