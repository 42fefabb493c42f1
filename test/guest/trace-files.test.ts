import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';
import { Guest } from '../../src/guest/guest.js';
import type { TimelineEvent } from '../../src/guest/timeline.js';
import type { GuestTrace } from '../../src/guest/trace.js';
import { traceRecordSchema, traceRecordSchemaText } from '../../src/guest/trace-record-schema.js';
import type { TraceRecord } from '../../src/trace/record.js';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

/** All that happened in the first 20 ms of a scenario, and in 10 more that are quiet. */
function traced(name: string, events: readonly string[] = ['*:*']): GuestTrace {
  const scenario = parseScenario(readFileSync(`${examples}${name}.yaml`, 'utf8'), name);
  const vm = Guest.create(scenario.guest);
  const trace = vm.trace({ events });
  runScenarioOn(vm, { ...scenario, print: [] }, { runNs: 2e7 });
  vm.run({ ms: 10 });
  return trace;
}

/** What a page of a buffer says, as kernel/trace/ring_buffer.c writes it. */
function* eventsOf(page: DataView): Generator<{ ns: number; at: number }> {
  let ns = Number(page.getBigUint64(0, true));
  const end = 16 + Number(page.getBigUint64(8, true));
  for (let at = 16; at < end; ) {
    const head = page.getUint32(at, true);
    const typeLen = head & 31;
    ns += head >>> 5;
    if (typeLen === 30) {
      ns += page.getUint32(at + 4, true) * 2 ** 27;
      at += 8;
      continue;
    }
    if (typeLen > 28) throw new Error(`type ${typeLen}`);
    const length = typeLen === 0 ? page.getUint32(at + 4, true) - 4 : typeLen * 4;
    at += typeLen === 0 ? 8 : 4;
    yield { ns, at };
    at += length;
  }
}

/** Each event of a trace.dat by CPU: when, its number, pid, and the bytes from there on. */
function decoded(file: Uint8Array, cpus: number): { cpu: number; ns: number; view: DataView }[] {
  const marker = new TextDecoder('latin1').decode(file).indexOf('flyrecord\0');
  const head = new DataView(file.buffer, marker + 10);
  return Array.from({ length: cpus }, (_, cpu) => cpu).flatMap((cpu) => {
    const at = Number(head.getBigUint64(16 * cpu, true));
    const size = Number(head.getBigUint64(16 * cpu + 8, true));
    expect([at % 4096, size % 4096]).toEqual([0, 0]);
    const pages = Array.from(
      { length: size / 4096 },
      (_, i) => new DataView(file.buffer, at + 4096 * i, 4096),
    );
    return pages.flatMap((page) =>
      [...eventsOf(page)].map((event) => ({
        cpu,
        ns: event.ns,
        view: new DataView(page.buffer, page.byteOffset + event.at, 4096 - event.at),
      })),
    );
  });
}

function fieldsOf({ event }: TraceRecord, view: DataView): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const { name, type, offset } of event.fields) {
    if (name.startsWith('common_')) continue;
    if (type.dynamic) {
      const place = view.getUint32(offset, true);
      const bytes = new Uint8Array(view.buffer, view.byteOffset + (place & 0xffff), (place >>> 16) - 1);
      read[name] = new TextDecoder().decode(bytes);
    } else if (type.name === 'bool') read[name] = view.getUint8(offset) === 1;
    else if (type.size === 1) read[name] = view.getUint8(offset);
    else if (type.size === 2) read[name] = view.getUint16(offset, true);
    else if (type.size === 4)
      read[name] = type.signed ? view.getInt32(offset, true) : view.getUint32(offset, true);
    else if (type.name === 'u64') read[name] = Number(view.getBigUint64(offset, true));
  }
  return read;
}

/** Version 7: the names of the sections by their ids, and each CPU's pages, found by the options. */
function version7(file: Uint8Array): { names: Map<number, string>; pages: Uint8Array[]; clock: string } {
  const bytes = Buffer.from(file);
  // Magic, version 7, little-endian, 8 bytes in a long, pages of 4096 bytes, no compression.
  expect(bytes.subarray(0, 24).toString('latin1')).toBe('\x17\x08Dtracing7\0\0\x08\0\x10\0\0none\0\0');
  const word = (at: number): number => Number(bytes.readBigUInt64LE(at));
  let at = word(24);
  const sections: { id: number; name: number }[] = [
    { id: bytes.readUInt16LE(at), name: bytes.readUInt32LE(at + 4) },
  ];
  const end = at + 16 + word(at + 8);
  expect(end).toBe(bytes.length);
  let strings = Buffer.alloc(0);
  let clock = '';
  const pages: Uint8Array[] = [];
  let done = false;
  for (at += 16; at < end; ) {
    const id = bytes.readUInt16LE(at);
    const data = at + 6;
    const size = bytes.readUInt32LE(at + 2);
    if (id === 15) strings = bytes.subarray(data, data + size);
    else if (id === 4) clock = bytes.toString('latin1', data, data + size - 1);
    else if (id === 0) done = word(data) === 0;
    else if (id !== 8) {
      const section = word(data);
      expect(bytes.readUInt16LE(section)).toBe(id);
      sections.push({ id, name: bytes.readUInt32LE(section + 4) });
    }
    if (id === 3) {
      const cpusAt = bytes.indexOf(0, bytes.indexOf(0, data + 8) + 1) + 5;
      for (let cpu = 0; cpu < bytes.readUInt32LE(cpusAt); cpu++) {
        const entry = cpusAt + 4 + 20 * cpu;
        expect([bytes.readUInt32LE(entry), word(entry + 4) % 4096]).toEqual([cpu, 0]);
        pages.push(bytes.subarray(word(entry + 4), word(entry + 4) + word(entry + 12)));
      }
    }
    at = data + size;
  }
  expect(done).toBe(true);
  const nameAt = (from: number): string => strings.toString('latin1', from, strings.indexOf(0, from));
  return { names: new Map(sections.map(({ id, name }) => [id, nameAt(name)])), pages, clock };
}

const scenarios = [
  'rfc-gen2-8vcpu',
  'channel-affinity',
  'cpu-offline',
  'interrupt-lines',
  'pci-devices',
  'arm64-4vcpu',
  'hibernate',
];

describe.each(scenarios)('%s', (name) => {
  const trace = traced(name);
  const records = [...trace];

  test('version 7 has the pages of version 6, and says where all is', () => {
    const { names, pages, clock } = version7(trace.file('dat7'));
    const six = Buffer.from(trace.file('dat'));
    const seven = Buffer.concat(pages);
    expect(seven.equals(six.subarray(six.length - seven.length))).toBe(true);
    expect(seven.length).toBeGreaterThan(0);
    expect(Object.fromEntries(names)).toEqual({
      0: 'options',
      3: 'flyrecord',
      16: 'headers',
      17: 'ftrace events',
      18: 'events format',
      19: 'kallsyms',
      20: 'printk',
      21: 'command lines',
    });
    expect(clock).toMatch(/^\[local\] global /);
  });

  test('each field of each event is in trace.dat', () => {
    expect(records.length).toBeGreaterThan(20);
    const cpus = Math.max(...records.map(({ cpu }) => cpu)) + 1;
    const read = decoded(trace.file('dat'), cpus);
    const byCpu = records.toSorted((a, b) => a.cpu - b.cpu || a.seq - b.seq);
    expect(read).toHaveLength(records.length);
    const seen = read.map(({ cpu, ns, view }, i) => {
      const common = [view.getUint8(2), view.getUint8(3), view.getInt32(4, true)];
      return [cpu, ns, ...common, fieldsOf(byCpu[i], view)];
    });
    const expected = byCpu.map((record, i) => {
      const fields = seen[i][5] as Record<string, unknown>;
      const told = record.values as Record<string, unknown>;
      // What a kernel stores in an unsigned field comes back as such.
      const stored = ([name, value]: [string, unknown]): [string, unknown] => {
        const one = told[name];
        return [name, typeof one === 'number' && one < 0 && value !== one ? one >>> 0 : one];
      };
      const { cpu, ns, flags, preemptDepth, pid } = record;
      return [cpu, ns, flags, preemptDepth, pid, Object.fromEntries(Object.entries(fields).map(stored))];
    });
    expect(seen).toEqual(expected);
  });

  test('JSONL is as its schema says, and ftrace has the same lines', () => {
    const lines = new TextDecoder().decode(trace.file('jsonl')).trimEnd().split('\n');
    const read = lines.map((line) => traceRecordSchema.parse(JSON.parse(line)));
    const shown = new TextDecoder().decode(trace.file('ftrace')).trimEnd().split('\n');
    const events = shown.filter((line) => !line.startsWith('#'));
    expect(events.map((line) => line.replace(/^.*?\d+\.\d{6}: /, ''))).toEqual(
      read.map(({ event, text }) => `${event.replace(/.*:/, '')}: ${text}`),
    );
  });

  test('in the timeline each handler is a slice, and arrows have both ends', () => {
    const text = new TextDecoder().decode(trace.file('chrome'));
    const { traceEvents } = JSON.parse(text) as { traceEvents: TimelineEvent[] };
    const slices = traceEvents.filter(({ ph, name: slice }) => ph === 'X' && slice.startsWith('irq '));
    expect(slices).toHaveLength(records.filter(({ event }) => event.name === 'irq_handler_entry').length);
    const timed = traceEvents.filter(({ ph }) => ph !== 'M');
    expect(timed.filter(({ ts = -1, dur = 0 }) => !(ts >= 0 && dur >= 0))).toEqual([]);
    const idsOf = (phase: string) => traceEvents.filter(({ ph }) => ph === phase).map(({ id }) => id);
    expect(idsOf('f')).toEqual(idsOf('s'));
    const arrived = records.filter(({ event }) => event.name === 'vmbus_chan_sched').length;
    expect(idsOf('f').length).toBeGreaterThanOrEqual(Math.min(arrived, 1));
    expect(new Set(idsOf('f')).size).toBe(idsOf('f').length);
  });
});

test('a part of it, and a ring that is too small', () => {
  const scenario = parseScenario(readFileSync(`${examples}rfc-gen2-8vcpu.yaml`, 'utf8'), 'rfc');
  const vm = Guest.create(scenario.guest);
  const small = vm.trace({ events: ['*:*'], bufferKb: 8 });
  const all = vm.trace({ events: [] });
  runScenarioOn(vm, { ...scenario, print: [] }, { runNs: 100_000_000 });
  expect(small.overwritten).toBeGreaterThan(0);
  expect([...small].length + small.overwritten).toBe([...all].length);
  const [head] = new TextDecoder().decode(small.file('ftrace')).split('\n').slice(2);
  expect(head).toContain(`entries-in-buffer/entries-written: ${[...small].length}/${[...all].length} `);
  const lines = all.text({ fromNs: 1_000_000, toNs: 2_000_000 }).split('\n').length - 1;
  expect(lines).toBeGreaterThan(0);
  expect(lines).toBeLessThan([...all].length);
});

test('the published schema is that of the code', () => {
  const file = fileURLToPath(new URL('../../schema/trace-record.schema.json', import.meta.url));
  expect(readFileSync(file, 'utf8')).toBe(traceRecordSchemaText());
});
