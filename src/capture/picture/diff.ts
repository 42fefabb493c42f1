import type { JsonHead } from '../../command/json.js';
import type { CpuId } from '../../lib/brand.js';
import { hasRates, type MachinePicture, type PictureLine, rateOfLine } from './machine-picture.js';

/** What is not the same of a line in two pictures. */
export interface LineChange {
  readonly line: string;
  /** Which of its attributes: CPU, affinity, IRQ. */
  readonly what: 'CPU' | 'affinity' | 'IRQ';
  readonly before: string;
  readonly after: string;
}

/** What a file of a channel in sysfs says in two pictures. */
export interface FigureChange {
  readonly line: string;
  /** Name of the file. */
  readonly what: string;
  readonly before: number;
  readonly after: number;
}

/** Interrupts a second in two pictures. */
export interface RateChange {
  readonly of: string;
  readonly before: number;
  readonly after: number;
}

/** What is otherwise in one picture of a machine than in another. */
export interface PictureDiff {
  readonly moved: readonly LineChange[];
  readonly appeared: readonly string[];
  readonly went: readonly string[];
  /** CPUs that are online in the second picture only, and in the first only. */
  readonly cpusCame: readonly CpuId[];
  readonly cpusWent: readonly CpuId[];
  /** Rates of lines, devices and CPUs that changed by more than a twentieth; null unless both pictures have rates. */
  readonly rates: {
    readonly lines: readonly RateChange[];
    readonly devices: readonly RateChange[];
    readonly cpus: readonly RateChange[];
  } | null;
  /** What rings and monitors of channels are like, where both say so and it is not the same. */
  readonly figures: readonly FigureChange[];
  /** Interrupts from one to the other of each line, where both count and neither has rates. */
  readonly counted: readonly { readonly line: string; readonly times: number }[];
}

/** What `irqlab diff --json` prints. */
export interface DiffJson extends JsonHead<'diff'>, PictureDiff {}

/** Rates that differ by less are the same. */
const SAME = 0.05;

export function diffPictures(before: MachinePicture, after: MachinePicture): PictureDiff {
  const old = new Map(before.lines.map((line) => [line.key, line]));
  const now = new Map(after.lines.map((line) => [line.key, line]));
  const both = after.lines.flatMap((line): (readonly [PictureLine, PictureLine])[] => {
    const was = old.get(line.key);
    return was === undefined ? [] : [[was, line]];
  });
  return {
    moved: both.flatMap(([was, is]) => changesOf(was, is)),
    appeared: after.lines.filter(({ key }) => !old.has(key)).map(({ name }) => name),
    went: before.lines.filter(({ key }) => !now.has(key)).map(({ name }) => name),
    cpusCame: after.online.filter((cpu) => !before.online.includes(cpu)),
    cpusWent: before.online.filter((cpu) => !after.online.includes(cpu)),
    rates: [before, after].every(hasRates)
      ? {
          lines: ratesBetween(before, after, (line) => [[line.name, rateOfLine(line)]]),
          devices: ratesBetween(before, after, (line) => [[line.device, rateOfLine(line)]]),
          cpus: ratesBetween(before, after, ({ perSecond }) =>
            [...(perSecond ?? [])].map(([cpu, rate]): [string, number] => [`CPU ${cpu}`, rate]),
          ),
        }
      : null,
    figures: both.flatMap(([was, is]) =>
      [...is.figures].flatMap(([what, after]) => {
        const one = was.figures.get(what);
        return one === undefined || one === after ? [] : [{ line: is.name, what, before: one, after }];
      }),
    ),
    counted: both.flatMap(([was, is]) => {
      if (was.total === undefined || is.total === undefined || rateOfLine(was) !== undefined) return [];
      const times = is.total - was.total;
      return times > 0 && rateOfLine(is) === undefined ? [{ line: is.name, times }] : [];
    }),
  };
}

/** True if something is elsewhere, or there is more or less. */
export function isMoved({ moved, appeared, went, cpusCame, cpusWent }: PictureDiff): boolean {
  return [moved, appeared, went, cpusCame, cpusWent].some(({ length }) => length > 0);
}

function changesOf(was: PictureLine, is: PictureLine): LineChange[] {
  const change = (
    what: LineChange['what'],
    before: string | number | undefined,
    after: string | number | undefined,
  ) =>
    before === undefined || after === undefined || before === after
      ? []
      : [{ line: is.name, what, before: String(before), after: String(after) }];
  return [
    ...change('CPU', was.cpu, is.cpu),
    ...change('affinity', was.affinity, is.affinity),
    ...change('IRQ', was.irq, is.irq),
  ];
}

function ratesBetween(
  before: MachinePicture,
  after: MachinePicture,
  ratesOf: (line: PictureLine) => readonly (readonly [string, number | undefined])[],
): RateChange[] {
  const [old, now] = [before, after].map(({ lines }) => {
    const sums = new Map<string, number>();
    for (const line of lines)
      for (const [of, rate] of ratesOf(line))
        if (rate !== undefined) sums.set(of, (sums.get(of) ?? 0) + rate);
    return sums;
  });
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((of) => ({ of, before: old.get(of) ?? 0, after: now.get(of) ?? 0 }))
    .filter(({ before: one, after: other }) => isOther(one, other));
}

function isOther(one: number, other: number): boolean {
  return Math.abs(one - other) > SAME * Math.max(one, other);
}
