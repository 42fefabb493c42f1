import { formatDuration } from '../scenario/duration.js';
import type { AxisName } from './axes.js';
import type { Paint } from '../command/paint.js';
import type { Compared, Comparison } from './comparison.js';

export interface Column {
  readonly title: string;
  readonly cell: (row: Compared) => string;
}

const counts = [
  ['signalled', 'signalled'],
  ['events', 'events'],
  ['interrupts', 'interrupts'],
  ['/proc/stat', 'inStat'],
  ['double', 'doubleCounts'],
  ['missing', 'missingCounts'],
  ['dropped', 'dropped'],
  ['lost', 'lost'],
  ['signals', 'signals'],
  ['needless', 'needlessSignals'],
] as const;

const times = ['p50', 'p99', 'max'] as const;

/** What the choices of an axis differ in beside the counts. */
const lifetimeCounts = [
  ['references', 'references'],
  ['grace periods', 'gracePeriods'],
] as const;

const kvmCounts = [
  ['wants', 'wants'],
  ['interrupts', 'interrupts'],
  ['served', 'served'],
  ['unserved', 'unserved'],
  ['asserts', 'asserts'],
  ['reassigned', 'reassigned'],
  ['not notified', 'unnotified'],
  ['orphaned', 'orphaned'],
  ['source ids', 'sourceIds'],
] as const;

const vmbusColumns = counts.map(([title, key]): Column => ({ title, cell: (row) => String(row[key]) }));
const timeColumns = times.map(
  (name): Column => ({
    title: name,
    cell: ({ latency }) => (latency === undefined ? '-' : formatDuration(latency[name])),
  }),
);
const lifetimeColumns = lifetimeCounts.map(
  ([title, key]): Column => ({ title, cell: (row) => String(row[key]) }),
);
const kvmColumns = kvmCounts.map(
  ([title, key]): Column => ({ title, cell: ({ kvm }) => String(kvm?.[key] ?? '-') }),
);

/** The columns of an axis. @param isTimed what an event costs was measured. */
export function columnsOf(axis: AxisName, isTimed: boolean): readonly Column[] {
  return [
    { title: axis, cell: ({ choice, isOwn }) => `${isOwn ? '*' : ' '} ${choice}` },
    ...(axis === 'irqfd-source' ? kvmColumns : [...vmbusColumns, ...timeColumns]),
    ...(axis === 'lifetime' ? lifetimeColumns : []),
    { title: 'steps took', cell: ({ stepsNs }) => formatDuration(stepsNs) },
    ...(isTimed ? [costColumn] : []),
  ];
}

const costColumn: Column = {
  title: 'an event',
  cell: ({ eventNs }) => (eventNs === undefined ? '-' : `${eventNs.toFixed(0)}ns`),
};

/** Of compareText: the file's own choice. */
export const comparePaint: Paint = [[/^\* .*$/gm, 'heading']];

/** The comparison as a table; problems and failed steps follow below it. */
export function compareText({ scenario, description, axis, rows }: Comparison): string {
  const columns = columnsOf(
    axis,
    rows.some(({ eventNs }) => eventNs !== undefined),
  );
  const head = description === '' ? scenario : `${scenario}: ${description}`;
  return `${head}\n\n${table(columns, rows)}${notes(rows)}`;
}

/** The first column flush left, the others right. */
function table(columns: readonly Column[], rows: readonly Compared[]): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const titles = columns.map(({ title }, i) => (i === 0 ? `  ${title}` : title));
  const widths = titles.map((title, i) => Math.max(title.length, ...cells.map((line) => line[i].length)));
  return [titles, ...cells]
    .map((line) =>
      line.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('  '),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function notes(rows: readonly Compared[]): string {
  const lines = rows.flatMap(({ choice, problem, failedSteps }) => [
    ...(problem === undefined ? [] : [`${choice}: ${problem}`]),
    ...failedSteps.map((step) => `${choice}: ${step}`),
  ]);
  return lines.length === 0 ? '' : `\n${lines.map((line) => `${line}\n`).join('')}`;
}
