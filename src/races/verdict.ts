// What the explorer is asked of each variant, and where its report differs from what the table of races expects.
import type { MemoryModel } from '../explore/model.js';
import type { Strategy } from '../explore/options.js';
import { sanitizedText } from '../explore/report/effort.js';
import type { Report } from '../explore/report/report.js';
import type { Race, RaceVariant, RaceVerdict } from './race.js';

/** A variant under a memory model, and the verdict that is expected. */
export interface PlannedRow {
  readonly race: Race;
  readonly variant: RaceVariant;
  readonly memory: MemoryModel;
  readonly expected: RaceVerdict;
}

/** The rows of a variant: its own memory model, and others where they tell something. */
export function planOf(race: Race, variant: RaceVariant): PlannedRow[] {
  const { memory, expected, expectedOther, expectedArm64 } = variant;
  const plan: PlannedRow[] = [{ race, variant, memory, expected }];
  if (expectedOther !== undefined) {
    plan.push({ race, variant, memory: memory === 'sc' ? 'tso' : 'sc', expected: expectedOther });
  }
  if (expectedArm64 !== undefined) plan.push({ race, variant, memory: 'arm64', expected: expectedArm64 });
  return plan;
}

/** Where a report differs from what the table of races expects. */
export function differencesOf(
  report: Report,
  { message, strategy }: { readonly message?: string; readonly strategy: Strategy },
  expected: RaceVerdict,
): string[] {
  const { verdict, violations, witnesses, unannounced } = report;
  if (unannounced !== undefined) return sanitizedDifferences(unannounced.length, verdict, expected);
  if (verdict !== expected) return [`expected ${expected}`];
  if (verdict === 'found') {
    const [violation] = violations;
    return message === undefined || violation.message.includes(message) ? [] : [`expected "${message}"`];
  }
  const differences = witnesses.filter(({ reached }) => !reached).map(({ name }) => `never seen: ${name}`);
  const unfinished = unfinishedText(report, { strategy });
  return unfinished === undefined ? differences : [...differences, unfinished];
}

/** A variant may ask for a bound; any other limit means that the search was cut short and proves nothing. */
export function unfinishedText(
  { complete, limits }: Report,
  { strategy }: { readonly strategy: Strategy },
): string | undefined {
  const isWhole = complete || (!coversAll(strategy) && limits.length === 1);
  return isWhole ? undefined : `not finished: ${limits.join('; ')}`;
}

/** A sanitized search may be a short one: what it did not come to is no difference. */
function sanitizedDifferences(unannounced: number, verdict: RaceVerdict, expected: RaceVerdict): string[] {
  const differences = verdict === 'found' && expected === 'none' ? ['expected none'] : [];
  return unannounced === 0 ? differences : [...differences, sanitizedText(unannounced)];
}

/** True if the strategy leaves nothing out by itself. */
function coversAll({ kind }: Strategy): boolean {
  return kind === 'dfs' || kind === 'dpor' || kind === 'states';
}
