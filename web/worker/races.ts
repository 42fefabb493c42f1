import {
  check,
  conclusionOf,
  coverageText,
  differencesOf,
  effortText,
  formatTraceFile,
  loadRaces,
  planOf,
  type PlannedRow,
  type Report,
  traceFileOf,
  walk,
} from 'irqlab/browser';
import type { Plugged } from './plugged.js';
import type { Explored, Found, ListedRace, RaceRow, SearchProgress } from './races-protocol.js';

export async function listRaces({ modules }: Plugged): Promise<readonly ListedRace[]> {
  const races = await loadRaces(modules);
  return races.map((race) => ({
    id: race.id,
    source: race.source,
    property: race.property,
    hasFindings: race.findings !== undefined,
    rows: race.variants
      .flatMap((variant) => planOf(race, variant))
      .map(({ variant: { name, summary }, memory, expected }) => ({
        race: race.id,
        variant: name,
        memory,
        summary,
        expected,
      })),
  }));
}

/** Does the whole search before it gives way. */
export async function explore(
  row: RaceRow,
  plugged: Plugged,
  onProgress: (progress: SearchProgress) => void,
): Promise<Explored> {
  const planned = await rowOf(row, plugged);
  const { variant, memory, expected } = planned;
  const report = check(variant.model(), {
    memory,
    strategy: variant.strategy,
    ...(variant.minimiseExecutions !== undefined && { minimiseExecutions: variant.minimiseExecutions }),
    nowMs: () => performance.now(),
    onProgress: ({ executions, seconds = 0 }) => onProgress({ executions, seconds }),
  });
  const { verdict, executions, seconds = 0, witnesses, outcomes = [] } = report;
  return {
    verdict,
    executions,
    seconds,
    coverage: coverageText(report),
    effort: effortText(report),
    differences: differencesOf(report, variant, expected),
    witnesses,
    outcomes,
    found: foundIn(report, planned),
  };
}

export async function findings(id: string, { modules }: Plugged): Promise<readonly string[]> {
  const races = await loadRaces(modules);
  return races.find((race) => race.id === id)?.findings?.() ?? [];
}

function foundIn(report: Report, { variant }: PlannedRow): Found | undefined {
  const [violation] = report.violations;
  if (violation === undefined) return undefined;
  const { property, message, minimal } = violation;
  const file = traceFileOf(report, violation);
  return {
    property,
    message,
    minimal,
    conclusion: conclusionOf(violation),
    walk: walk(variant.model(), file),
    traceFile: formatTraceFile(file),
  };
}

async function rowOf(
  { race: id, variant: name, memory }: RaceRow,
  { modules }: Plugged,
): Promise<PlannedRow> {
  const race = (await loadRaces(modules)).find((each) => each.id === id);
  const row = race?.variants
    .flatMap((variant) => planOf(race, variant))
    .find((planned) => planned.variant.name === name && planned.memory === memory);
  if (row === undefined) throw new RangeError(`there is no race ${id}/${name} with ${memory}`);
  return row;
}
