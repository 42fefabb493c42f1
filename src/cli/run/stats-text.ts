import type { ChannelNumbers, StatsReport } from '../../guest/run-stats.js';
import { formatDuration } from '../../scenario/duration.js';

/** The numbers of a run as two tables. */
export function statsText({ channels, cpus }: StatsReport): string {
  const busy = cpus.filter(({ interrupts, tasklets }) => interrupts + tasklets > 0);
  const head = [
    'channel',
    'signalled',
    'delivered',
    'coalesced',
    'lost',
    'waiting',
    'needless',
    'p50',
    'p99',
    'p99.9',
    'max',
  ];
  const notes = channels.flatMap(({ relid, lostAt }) =>
    lostAt.map(({ cpu, count }) => `channel ${relid}: ${count} lost on CPU ${cpu}, whose synic was off\n`),
  );
  return [
    table([head, ...channels.map(channelRow)]),
    ...notes,
    '\n',
    table([
      ['CPU', 'interrupts', 'handlers', 'events', 'tasklets', 'busy'],
      ...busy.map(({ cpu, interrupts, handlers, events, tasklets, busyNs }) =>
        [cpu, interrupts, handlers, events, tasklets, formatDuration(busyNs)].map(String),
      ),
    ]),
  ].join('');
}

function channelRow({ relid, latency, ...counts }: ChannelNumbers): string[] {
  const { signalled, delivered, coalesced, lost, waiting, needless } = counts;
  const times =
    latency === undefined
      ? ['-', '-', '-', '-']
      : [latency.p50, latency.p99, latency.p999, latency.max].map(formatDuration);
  return [...[relid, signalled, delivered, coalesced, lost, waiting, needless].map(String), ...times];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => `${row.map((cell, at) => cell.padStart(widths[at])).join('  ')}\n`).join('');
}
