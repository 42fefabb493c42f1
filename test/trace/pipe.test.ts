import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Guest } from '../../src/guest/guest.js';
import { RawTracePipe } from '../../src/trace/binary/raw-pipe.js';
import { TracePipe } from '../../src/trace/pipe.js';
import { TraceRing } from '../../src/trace/ring.js';
import type { Tracer } from '../../src/trace/tracer.js';
import { errnoOf } from '../support/errors.js';

const TRACING = '/sys/kernel/tracing';

function traced(options: Partial<Parameters<typeof Guest.create>[0]> = {}): Guest {
  const guest = Guest.create({
    cpus: 2,
    devices: [{ driver: 'netvsc', relid: 13, channels: 2, subChannels: [16] }],
    ...options,
  });
  guest.fs.writeFile(`${TRACING}/set_event`, 'irq');
  return guest;
}

function signals(guest: Guest, times: number): void {
  for (let i = 0; i < times; i++) {
    guest.signal(13, 1);
    guest.run({ us: 10 });
    guest.signal(16, 1);
    guest.run({ us: 10 });
  }
}

/** The lines of `trace`, without its head. */
function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('a ring gives each event once, in order, to readers by event and by page, and counts what it overwrote', () => {
  const deeds = fc.array(
    fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ consume: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ page: fc.boolean() }),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(deeds, fc.boolean(), (all, overwrites) => {
      const ring = new TraceRing<{ ns: number }>(3);
      ring.overwrites = overwrites;
      let pushed = 0;
      let next = 0;
      const take = (ns: number, missed: number): void => {
        next += overwrites ? missed : 0;
        if (overwrites) expect(ns).toBe(next);
        else expect(ns).toBeGreaterThanOrEqual(next);
        next = ns + 1;
      };
      let read = 0;
      for (const deed of all) {
        if ('push' in deed) for (let i = 0; i < deed.push; i++) ring.push({ ns: pushed++ }, 40);
        else if ('consume' in deed)
          for (let i = 0; i < deed.consume; i++) {
            const first = ring.peek();
            if (first === undefined) break;
            take(first.ns, ring.consume());
            read += 1;
          }
        else {
          const page = ring.takePage(4080, deed.page);
          for (const [at, { ns }] of (page?.events ?? []).entries())
            take(ns, at === 0 ? (page?.missed ?? 0) : 0);
          read += page?.events.length ?? 0;
        }
        expect([ring.readEvents, [...ring].length]).toEqual([read, ring.entries]);
        expect(ring.entries + read + ring.overrun + ring.dropped).toBe(pushed);
        expect(ring.bytes).toBe(44 * ring.entries);
      }
    }),
  );
});

test('a ring that does not overwrite keeps the oldest and counts what it dropped', () => {
  const ring = new TraceRing<{ ns: number }>(2);
  ring.overwrites = false;
  for (let ns = 0; ns < 1000; ns++) ring.push({ ns }, 40);
  expect([...ring][0]).toEqual({ ns: 0 });
  expect([ring.overrun, ring.dropped + ring.entries]).toEqual([0, 1000]);
});

test('trace_pipe gives what trace shows, in pieces of any size, and takes it', () => {
  const guest = traced();
  signals(guest, 20);
  const shown = lines(guest.fs.readFile(`${TRACING}/trace`));
  expect(shown.length).toBeGreaterThan(100);
  const pipe = new TracePipe(guest.tracer);
  let text = '';
  for (let size = 1; ; size = (size * 7) % 5000) {
    const piece = pipe.read(size);
    if (piece === undefined) break;
    expect(piece.length).toBeLessThanOrEqual(size);
    text += piece;
  }
  expect(lines(text)).toEqual(shown);
  expect(lines(guest.fs.readFile(`${TRACING}/trace`))).toEqual([]);
  expect(guest.fs.readFile(`${TRACING}/per_cpu/cpu0/stats`)).toMatch(
    /^entries: 0\n(.*\n)*read events: [1-9]/,
  );
});

test('a read gives whole lines, as many as fit into a trace_seq', () => {
  const guest = traced();
  signals(guest, 200);
  const text = new TracePipe(guest.tracer).read(1 << 20) ?? '';
  expect(text.length).toBeLessThan(8192);
  expect(text.length).toBeGreaterThan(7900);
  expect(text).toMatch(/\n$/);
});

test('a CPU’s trace_pipe gives that CPU’s events; what a full ring lost is said once', () => {
  const guest = traced();
  guest.fs.writeFile(`${TRACING}/buffer_size_kb`, '8');
  const pipe = new TracePipe(guest.tracer, guest.channel(13).cpu);
  signals(guest, 3);
  expect(pipe.read(80)).toMatch(/^ .*irq_handler_entry/);
  signals(guest, 400);
  const { overrun } = guest.tracer.ringOf(guest.channel(13).cpu);
  expect(overrun).toBeGreaterThan(100);
  let text = '';
  for (let piece = pipe.read(4096); piece; piece = pipe.read(4096)) text += piece;
  expect(text.match(/LOST/g)).toHaveLength(1);
  expect(text).toContain(`CPU:${guest.channel(13).cpu} [LOST ${overrun} EVENTS]\n`);
  const other = 1 - guest.channel(13).cpu;
  expect(text).not.toContain(`[00${other}]`);
});

test('who has read is at the end once nothing is written any more; who has not read waits', () => {
  const guest = traced();
  guest.fs.writeFile(`${TRACING}/tracing_on`, '0');
  const pipe = new TracePipe(guest.tracer);
  expect([pipe.read(100), pipe.isReadable]).toEqual([undefined, false]);
  guest.fs.writeFile(`${TRACING}/tracing_on`, '1');
  signals(guest, 1);
  while (pipe.read(4096) !== undefined);
  guest.fs.writeFile(`${TRACING}/tracing_on`, '0');
  expect([pipe.read(100), pipe.isReadable]).toEqual(['', true]);
});

test.each([
  ['6.1', undefined],
  ['6.12', 'EBUSY'],
] as const)('a second reader of trace_pipe on %s: %s', (kernel, code) => {
  const { fs } = traced({ kernel });
  const first = fs.open(`${TRACING}/trace_pipe`, 'read').stream();
  expect(errnoOf(() => fs.open(`${TRACING}/per_cpu/cpu1/trace_pipe`, 'read').stream()?.close?.())).toBe(code);
  first?.close?.();
  const perCpu = fs.open(`${TRACING}/per_cpu/cpu1/trace_pipe`, 'read').stream();
  expect(errnoOf(() => fs.open(`${TRACING}/trace_pipe`, 'read').stream()?.close?.())).toBe(code);
  expect(errnoOf(() => fs.open(`${TRACING}/per_cpu/cpu0/trace_pipe`, 'read').stream()?.close?.())).toBe(
    undefined,
  );
  perCpu?.close?.();
});

/** Numbers and times of the events of a page (events/header_page, events/header_event). */
function decoded(page: Uint8Array): { id: number; ns: number }[] {
  const view = new DataView(page.buffer, page.byteOffset);
  let ns = Number(view.getBigUint64(0, true));
  const end = 16 + (view.getUint32(8, true) & 0xfffff);
  const events: { id: number; ns: number }[] = [];
  for (let at = 16; at < end; ) {
    const head = view.getUint32(at, true);
    const kind = head & 31;
    ns += head >>> 5;
    if (kind === 30) {
      ns += view.getUint32(at + 4, true) * 2 ** 27;
      at += 8;
      continue;
    }
    const words = kind === 0 ? view.getUint32(at + 4, true) / 4 : kind;
    events.push({ id: view.getUint16(at + (kind === 0 ? 8 : 4), true), ns });
    at += 4 + 4 * words;
  }
  return events;
}

function idsOf(tracer: Tracer, cpu: number): { id: number; ns: number }[] {
  return tracer.records(cpu).map(({ event, ns }) => ({ id: tracer.idOf(event), ns }));
}

test('trace_pipe_raw: splices give full pages, reads the rest, with all events at their times', () => {
  const guest = traced();
  const { cpu } = guest.channel(13);
  signals(guest, 500);
  guest.run({ seconds: 2 });
  guest.fs.writeFile(`${TRACING}/trace_marker`, 'the end');
  const wanted = idsOf(guest.tracer, cpu);
  const raw = new RawTracePipe(guest.tracer, cpu);
  const found: { id: number; ns: number }[] = [];
  let spliced = 0;
  for (let page = raw.read(4096, 'splice'); page !== undefined; page = raw.read(4096, 'splice')) {
    expect(page).toHaveLength(4096);
    found.push(...decoded(page));
    spliced += 1;
  }
  expect(spliced).toBeGreaterThan(5);
  expect([raw.isReadable, found.length < wanted.length]).toEqual([true, true]);
  found.push(...decoded(raw.read(4096, 'read') ?? new Uint8Array(16)));
  expect(found).toEqual(wanted);
  expect([raw.isReadable, raw.read(4096, 'read')]).toEqual([false, undefined]);
});

test('who splices is woken when the buffer is as full as buffer_percent says', () => {
  const guest = traced();
  const { cpu } = guest.channel(13);
  guest.fs.writeFile(`${TRACING}/buffer_size_kb`, '40');
  const raw = new RawTracePipe(guest.tracer, cpu);
  signals(guest, 5);
  expect(raw.isSpliceable).toBe(false);
  guest.fs.writeFile(`${TRACING}/buffer_percent`, '0');
  expect(raw.isSpliceable).toBe(true);
  guest.fs.writeFile(`${TRACING}/buffer_percent`, '50');
  signals(guest, 300);
  expect(raw.isSpliceable).toBe(true);
  expect(errnoOf(() => guest.fs.writeFile(`${TRACING}/buffer_percent`, '101'))).toBe('EINVAL');
});

test('a page says how many events were overwritten before it', () => {
  const guest = traced();
  // Events of a length that leaves room for the count at the end of the page.
  guest.tracer.setEnabled(guest.tracer.events, false);
  guest.fs.writeFile(`${TRACING}/set_event`, 'irq_handler_entry');
  const { cpu } = guest.channel(13);
  guest.fs.writeFile(`${TRACING}/buffer_size_kb`, '8');
  signals(guest, 800);
  const page = new RawTracePipe(guest.tracer, cpu).read(4096, 'read') ?? new Uint8Array();
  const view = new DataView(page.buffer);
  const commit = view.getUint32(8, true);
  expect(commit >>> 30).toBe(3);
  const { overrun } = guest.tracer.ringOf(cpu);
  expect(Number(view.getBigUint64(16 + (commit & 0xfffff), true))).toBe(overrun);
});
