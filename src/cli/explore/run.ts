import { type JsonHead, jsonText } from '../../command/json.js';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import { writeText } from '../../command/named-file.js';
import type { Stdio } from '../../command/stdio.js';
import { UsageError } from '../../command/usage-error.js';
import type { Progress, Strategy } from '../../explore/options.js';
import type { Report } from '../../explore/report/report.js';
import type { Race, RaceVariant } from '../../races/race.js';
import { conclude } from './conclude.js';
import { fingerprintOf, userFiles } from './fingerprint.js';
import type { ExploreCommandOptions } from './options.js';
import { namedFrom } from './named-from.js';
import { raceNamed, variantNamed } from './race-named.js';
import type { SavedReport } from './report-file.js';
import { exploreTable } from './run-table.js';
import { searchWith } from './search.js';
import { openUnits } from './open-units.js';
import type { Search, TaskRunner } from './task.js';
import { number, numbered } from '../../explore/report/effort.js';
import { listText } from './text.js';

/** A race as `irqlab explore --json` lists it. */
export interface ListedRace extends Pick<Race, 'id' | 'source' | 'property'> {
  readonly variants: readonly Omit<RaceVariant, 'model'>[];
}

/** What `irqlab explore --json` prints. */
export interface ExploreListJson extends JsonHead<'explore-list'> {
  readonly races: readonly ListedRace[];
}

/** How long a search that --seconds limits may take to begin and to end. */
const GRACE_MS = 500;

/** `irqlab explore`: lists the races, searches one, or all. */
export async function runExplore(
  id: string | undefined,
  options: ExploreCommandOptions,
  stdio: Stdio,
  runner: TaskRunner,
): Promise<ExitStatus> {
  const { races } = runner;
  if (options.all) {
    if (id !== undefined) throw new UsageError(`--all is all races; leave out "${id}" or --all`);
    return exploreTable(races, options, stdio, runner);
  }
  if (id === undefined) {
    stdio.out(
      options.json
        ? jsonText<ExploreListJson>('explore-list', { races: races.map(listed) })
        : listText(races),
    );
    return exitStatus.ok;
  }
  const race = raceNamed(races, id);
  if (options.variant === undefined) return exploreTable([race], options, stdio, runner);
  return exploreVariant(race, variantNamed(race, options.variant), options, stdio, runner);
}

async function exploreVariant(
  race: Race,
  variant: RaceVariant,
  options: ExploreCommandOptions,
  stdio: Stdio,
  runner: TaskRunner,
): Promise<ExitStatus> {
  const { memory = variant.memory, shard, maxExecutions, maxSteps, seconds, sanitize } = options;
  const search: Search = {
    race: race.id,
    variant: variant.name,
    memory,
    strategy: strategyOf(options, variant),
    ...(shard && { shard }),
    ...(sanitize && { sanitize }),
    ...(maxExecutions !== undefined && { maxExecutions }),
    ...(maxSteps !== undefined && { maxSteps }),
    ...(seconds !== undefined && { seconds, untilMs: Date.now() + seconds * 1000 }),
  };
  const { state, queue } = options;
  const units =
    state === undefined && queue === undefined ? undefined : await openUnits(options, search, runner, stdio);
  // Behind the limit of the search itself: for what comes after it, and for code that never gives way.
  const end = seconds === undefined ? undefined : setTimeout(() => runner.stop(), seconds * 1000 + GRACE_MS);
  let report: Report;
  try {
    const onProgress = (progress: Progress): void => stdio.progress?.(progressText(progress));
    report = await searchWith(runner, search, onProgress, units);
  } finally {
    clearTimeout(end);
    stdio.progress?.('');
    await units?.close();
  }
  if (state !== undefined && report.verdict === 'none' && (units?.frontier.left ?? 0) > 0)
    stdio.err(`irqlab: ${state} has what is left; the same command with --resume goes on\n`);
  if (options.saveReport !== undefined) {
    writeText(options.saveReport, `${JSON.stringify(savedReport(report, search, options))}\n`);
  }
  return conclude(report, variant, options, stdio);
}

function savedReport(report: Report, search: Search, options: ExploreCommandOptions): SavedReport {
  const { saveReport = '', raceFile } = options;
  const from = raceFile === undefined ? {} : { raceFile: namedFrom(saveReport, raceFile) };
  return { ...report, fingerprint: fingerprintOf(search, userFiles(options)), ...from };
}

function listed({ id, source, property, variants }: Race): ListedRace {
  return { id, source, property, variants: variants.map(({ model, ...variant }) => variant) };
}

function strategyOf(options: ExploreCommandOptions, variant: RaceVariant): Strategy {
  const { strategy, preemptions, depth, seed, executions } = options;
  switch (strategy) {
    case undefined:
      return variant.strategy;
    case 'dfs':
    case 'dpor':
    case 'states':
      return { kind: strategy };
    case 'bounded':
      return { kind: strategy, preemptions };
    case 'random':
      return { kind: strategy, seed, executions };
    case 'pct':
      return { kind: strategy, depth, seed, executions };
  }
}

function progressText({ executions, seconds = 0 }: Progress): string {
  const rate = seconds > 0 ? `, ${number(Math.round(executions / seconds))} a second` : '';
  return `${numbered(executions, 'execution')} in ${seconds.toFixed(0)} s${rate}`;
}
