import type { TimelineEvent } from 'irqlab/browser';

/** An event as it is drawn; times in us. */
export interface Mark {
  readonly name: string;
  readonly atUs: number;
  readonly lastsUs: number;
  /** How many others it is within. */
  readonly depth: number;
  readonly lane: number;
  /** As ftrace prints what it tells. */
  readonly text: string;
}

export interface Lane {
  readonly title: string;
  readonly depth: number;
  /** In the order of time. */
  readonly marks: readonly Mark[];
}

/** From a signal of the host to its arrival in the guest. */
export interface Flow {
  readonly fromUs: number;
  readonly fromLane: number;
  readonly toUs: number;
  readonly toLane: number;
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  readonly flows: readonly Flow[];
  /** All of them, in the order of time, the host's first among those of one time. */
  readonly marks: readonly Mark[];
  readonly fromUs: number;
  readonly toUs: number;
}

/** CPUs first, then tasks, then the host's channels, as Perfetto has them. */
export function lanesOf(events: readonly TimelineEvent[]): Lanes {
  const titles = new Map<string, string>();
  const slices = new Map<string, TimelineEvent[]>();
  for (const event of events) {
    const key = keyOf(event);
    if (event.ph === 'M' && event.name === 'thread_name') titles.set(key, String(event.args?.['name']));
    if (event.ph !== 'X' && event.ph !== 'i') continue;
    const found = slices.get(key);
    if (found === undefined) slices.set(key, [event]);
    else found.push(event);
  }
  const keys = [...slices.keys()].sort(byNumbers);
  const lanes = keys.map((key, at) => laneOf(titles.get(key) ?? key, slices.get(key) ?? [], at));
  const groups = keys.map((key) => Number(key.split(' ')[0]));
  // Code takes no time in the model: what the host does comes before what it causes.
  const marks = lanes
    .flatMap((lane) => lane.marks)
    .sort((a, b) => a.atUs - b.atUs || groups[b.lane] - groups[a.lane]);
  const ends = marks.map(({ atUs, lastsUs }) => atUs + lastsUs);
  return {
    lanes,
    marks,
    flows: flowsOf(events, keys),
    fromUs: marks[0]?.atUs ?? 0,
    toUs: ends.reduce((a, b) => Math.max(a, b), 0),
  };
}

function keyOf({ pid, tid }: TimelineEvent): string {
  return `${pid} ${tid}`;
}

function byNumbers(a: string, b: string): number {
  const [pidA = 0, tidA = 0] = a.split(' ').map(Number);
  const [pidB = 0, tidB = 0] = b.split(' ').map(Number);
  return pidA - pidB || tidA - tidB;
}

function laneOf(title: string, events: readonly TimelineEvent[], lane: number): Lane {
  const sorted = events.toSorted((a, b) => (a.ts ?? 0) - (b.ts ?? 0) || (b.dur ?? 0) - (a.dur ?? 0));
  const open: number[] = [];
  const marks = sorted.map(({ name, ts = 0, dur = 0, args }): Mark => {
    while (open.length > 0 && (open.at(-1) ?? 0) <= ts) open.pop();
    const depth = open.length;
    if (dur > 0) open.push(ts + dur);
    return { name, atUs: ts, lastsUs: dur, depth, lane, text: textOf(args) };
  });
  return { title, depth: 1 + marks.reduce((most, { depth }) => Math.max(most, depth), 0), marks };
}

function textOf(args: TimelineEvent['args'] = {}): string {
  if (typeof args['text'] === 'string') return args['text'];
  return Object.entries(args)
    .filter(([name]) => name !== 'end')
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}

function flowsOf(events: readonly TimelineEvent[], keys: readonly string[]): Flow[] {
  const begun = new Map<number, TimelineEvent>();
  const flows: Flow[] = [];
  for (const event of events) {
    if (event.ph === 's') begun.set(event.id ?? 0, event);
    if (event.ph !== 'f') continue;
    const from = begun.get(event.id ?? 0);
    if (from === undefined) continue;
    const [fromLane, toLane] = [keys.indexOf(keyOf(from)), keys.indexOf(keyOf(event))];
    if (fromLane >= 0 && toLane >= 0)
      flows.push({ fromUs: from.ts ?? 0, fromLane, toUs: event.ts ?? 0, toLane });
  }
  return flows;
}
