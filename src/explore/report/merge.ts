import { counted } from '../../lib/counted.js';
import type { Report, Violation } from './report.js';
import { mergeUnannounced } from './unannounced.js';

/**
 * Puts the reports of all parts of one search together. What each part left out stays left out; that there were parts
 * does not.
 *
 * @throws RangeError unless the reports are those of one search, each part once.
 */
export function mergeReports(reports: readonly Report[]): Report {
  if (reports.length === 0) throw new RangeError('there are no reports to put together');
  const parts = reports.map(partOf).sort((a, b) => a.index - b.index);
  const [{ report: first, count }] = parts;
  parts.forEach((part, at) => {
    const { model, memory, strategy } = part.report;
    if (
      model !== first.model ||
      memory !== first.memory ||
      strategy !== first.strategy ||
      part.count !== count
    ) {
      throw new RangeError(
        `these are reports of different searches: ${first.model} (${first.memory}, ${first.strategy}, ` +
          `${count} parts) and ${model} (${memory}, ${strategy}, ${part.count} parts)`,
      );
    }
    refuseOther(first, part.report);
    if (part.index !== at) throw new RangeError(`part ${at} of ${count} is missing, or one is there twice`);
  });
  if (parts.length !== count) throw new RangeError(`there are ${parts.length} reports of ${count} parts`);
  return joinReports(parts.map(({ report }) => report));
}

/** Puts reports of pieces of one search together, in their order; that there were pieces is no limit. */
export function joinReports(reports: readonly Report[]): Report {
  const [first] = reports;
  const limits = mergeLimits(reports);
  const seconds = reports.flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]));
  return {
    model: first.model,
    memory: first.memory,
    strategy: first.strategy,
    verdict: reports.some(({ verdict }) => verdict === 'found') ? 'found' : 'none',
    complete: limits.length === 0,
    limits,
    executions: sum(reports.map(({ executions }) => executions)),
    redundant: sum(reports.map(({ redundant }) => redundant)),
    cut: sum(reports.map(({ cut }) => cut)),
    steps: sum(reports.map(({ steps }) => steps)),
    depth: Math.max(...reports.map(({ depth }) => depth)),
    ...(seconds.length === 0 ? {} : { seconds: Math.max(...seconds) }),
    ...(first.outcomes === undefined ? {} : { outcomes: mergeOutcomes(reports) }),
    ...(first.buffered && {
      buffered: [...new Set(reports.flatMap(({ buffered = [] }) => buffered))].sort(),
    }),
    ...(first.unannounced && { unannounced: mergeUnannounced(reports) }),
    witnesses: first.witnesses.map(({ name }, at) => ({
      name,
      reached: reports.some(({ witnesses }) => witnesses[at].reached),
    })),
    violations: mergeViolations(reports),
  };
}

function refuseOther({ fingerprint: first }: Report, { fingerprint: other }: Report): void {
  if (first?.build !== other?.build) {
    throw new RangeError(
      `these are reports of different builds: ${first?.build ?? 'unknown'} and ${other?.build ?? 'unknown'}`,
    );
  }
  if (first?.options !== other?.options) {
    throw new RangeError(
      `these are reports of searches with different options: "${first?.options}" and "${other?.options}"`,
    );
  }
}

const partPattern = /^part (\d+) of (\d+)$/;

/** How the limit of a search that did only one part is put into words. */
export function partLimit(index: number, count: number): string {
  return `part ${index} of ${count}`;
}

/** The limit of a search that shouldStop ended without saying why. */
export const STOPPED_LIMIT = 'stopped on request';

export function executionsLimit(maxExecutions: number): string {
  return `stopped after ${counted(maxExecutions, 'execution')}`;
}

export function secondsLimit(seconds: number): string {
  return `stopped after ${seconds} s`;
}

const cutPattern = /^\d+ executions? cut at (\d+) steps?$/;

/** How it is put into words that so many executions of a search were cut. */
export function cutLimit(cut: number, maxSteps: number): string {
  return `${counted(cut, 'execution')} cut at ${counted(maxSteps, 'step')}`;
}

/** What the parts left out, each once; the executions that they cut are counted together. */
function mergeLimits(reports: readonly Report[]): string[] {
  const limits = new Set(reports.flatMap((report) => report.limits));
  const kept = [...limits].filter((limit) => !partPattern.test(limit) && !cutPattern.test(limit));
  const steps = [...limits].map((limit) => cutPattern.exec(limit)).find((found) => found !== null);
  if (steps === undefined) return kept;
  return [...kept, cutLimit(sum(reports.map(({ cut }) => cut)), Number(steps[1]))];
}

function partOf(report: Report): { report: Report; index: number; count: number } {
  for (const limit of report.limits) {
    const found = partPattern.exec(limit);
    if (found !== null) return { report, index: Number(found[1]), count: Number(found[2]) };
  }
  return { report, index: 0, count: 1 };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function mergeOutcomes(reports: readonly Report[]): { outcome: string | number; count: number }[] {
  const counts = new Map<string | number, number>();
  for (const { outcomes = [] } of reports) {
    for (const { outcome, count } of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + count);
  }
  return [...counts].map(([outcome, count]) => ({ outcome, count })).sort(byOutcome);
}

/** Order of outcomes in a report: numbers by size, texts by their characters. */
export function byOutcome(a: { outcome: string | number }, b: { outcome: string | number }): number {
  if (typeof a.outcome === 'number' && typeof b.outcome === 'number') return a.outcome - b.outcome;
  return String(a.outcome) < String(b.outcome) ? -1 : 1;
}

function mergeViolations(reports: readonly Report[]): Violation[] {
  const violations = new Map<string, Violation>();
  for (const violation of reports.flatMap((report) => report.violations)) {
    const key = `${violation.kind} ${violation.property} ${violation.message}`;
    if (!violations.has(key)) violations.set(key, violation);
  }
  return [...violations.values()];
}
