import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import * as fc from 'fast-check';
import { isLong, runs, someOf } from '../support/long.js';
import type { Answers, Request } from '../../web/worker/protocol.js';
import { serve } from '../../web/worker/serve.js';

// What web/leave-out/ leaves out of the page's worker changes no answer: each request is asked of the built worker, and
// of the same functions over the whole library.

const assets = new URL('../../dist/web/assets/', import.meta.url);
const examples = new URL('../../examples/', import.meta.url);
const start = existsSync(assets)
  ? readdirSync(assets).find((name) => /^start-.*\.js$/.test(name))
  : undefined;
const texts = new Map(
  readdirSync(examples)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [name, readFileSync(new URL(name, examples), 'utf8')]),
);

/** A page's worker in a thread of Node. */
const thread = `
  const { parentPort, workerData } = require('node:worker_threads');
  globalThis.self = globalThis;
  globalThis.postMessage = (message) => parentPort.postMessage(message);
  import(workerData).then(() => parentPort.on('message', (data) => self.onmessage({ data })));
`;

(start === undefined ? describe.skip : describe)('the built worker', () => {
  let worker: Worker;
  let whole: (request: Request) => Promise<Answers[Request['kind']]>;

  beforeAll(() => {
    // Nobody asks for time to go by here.
    const interval = jest.spyOn(globalThis, 'setInterval').mockReturnValue(undefined as never);
    whole = serve(() => {});
    interval.mockRestore();
    worker = new Worker(thread, { eval: true, workerData: new URL(start ?? '', assets).href });
  });

  afterAll(() => worker.terminate());

  async function built(request: Request): Promise<unknown> {
    worker.postMessage({ id: 1, request });
    for await (const [message] of on(worker, 'message') as AsyncIterable<[Record<string, unknown>]>) {
      if ('defect' in message) throw new Error(String(message['defect']));
      if ('id' in message) return message['answer'];
    }
    throw new Error('the worker has ended');
  }

  /** @returns what both answer. */
  async function asked(request: Request): Promise<unknown> {
    const [answer, expected] = await Promise.all([built(request), whole(request)]);
    expect({ request, answer }).toEqual({ request, answer: structuredClone(expected) });
    return answer;
  }

  test('runs the examples, and shows their files, logs and pictures', async () => {
    const small = [...texts].filter(([name]) => isLong || name !== 'large-machine.yaml');
    for (const [name, text] of someOf(small, 6)) {
      expect(await asked({ kind: 'load', name, text })).toMatchObject({ ok: true });
      await asked({ kind: 'advance', to: 20e6 });
      await asked({
        kind: 'look',
        logFrom: 0,
        files: ['/proc/interrupts', '/proc/stat', '/sys/kernel/debug/irq/domains/default'],
        picture: { window: { firstRow: 0, rows: 50, firstCpu: 0, cpus: 8 }, version: 0, row: 0 },
        workload: true,
      });
    }
  });

  test('takes commands, and refuses them, alike', async () => {
    await asked({
      kind: 'load',
      name: 'a.yaml',
      text: 'cpus: 4\ndevices: [{driver: netvsc, relid: 13, channels: 2}]',
    });
    const commands = [
      '{offline: 3}',
      '{offline: 30}',
      'offline: [1',
      '{nothing: 1}',
      '{speed: 5000}',
      '{affinity: {irq: 24, cpu: 1}}',
      '{read: /proc/interrupts}',
      'status: true',
    ];
    for (const text of commands) await asked({ kind: 'command', text });
    await asked({ kind: 'list', path: '/proc/irq' });
    await asked({ kind: 'words' });
  });

  test('traces alike', async () => {
    await asked({ kind: 'load', name: 'a.yaml', text: texts.get('channel-affinity.yaml') ?? '' });
    await asked({ kind: 'trace', events: ['irq', 'vmbus', 'hyperv'] });
    await asked({ kind: 'trace', events: ['nothing'] });
    await asked({ kind: 'trace', events: ['irq'] });
    await asked({ kind: 'advance', to: 50e6 });
    const { events } = (await asked({ kind: 'traced' })) as Answers['traced'];
    expect(events.length).toBeGreaterThan(10);
    await asked({ kind: 'traceFile', format: 'chrome' });
    await asked({ kind: 'traceFile', format: 'ftrace' });
  });

  test('lists races, and finds in them what is there', async () => {
    const races = (await asked({ kind: 'races' })) as Answers['races'];
    expect(races.length).toBeGreaterThan(20);
    const took = { seconds: expect.any(Number), effort: expect.any(String) };
    const request = { kind: 'explore', race: 'modchan-offline', variant: 'no-wait', memory: 'sc' } as const;
    const [answer, expected] = await Promise.all([built(request), whole(request)]);
    expect(answer).toEqual({ ...(expected as object), ...took });
  });

  test('compares designs alike', async () => {
    const text = texts.get('compare-offline.yaml') ?? '';
    const axes = (await asked({ kind: 'axes', name: 'a.yaml', text })) as Answers['axes'];
    for (const { axis, choices } of axes.slice(0, 2))
      for (const { name: choice } of choices)
        await asked({ kind: 'compare', name: 'a.yaml', text, axis, choice });
  });

  test('says what is wrong with odd YAML in the same words', async () => {
    const odd = [
      '',
      'a: [',
      '? {a: 1}\n: 2',
      '*x : 1',
      'cpus: &a [*a]',
      'cpus: 4\ncpus: 5',
      '!!binary aGk=: 1',
      'description: !!binary aGk=',
      'description: !!timestamp 2024-01-01',
      'description: 2024-01-01',
      'devices: !!omap [a: 1]',
      'devices: !!set {a, b}',
      'devices: !!pairs [a: 1]',
      '%YAML 1.1\n---\ncpus: 010\nvmbus: yes\nrun: 1:30',
      '%YAML 1.1\n---\ncpus: 4\n<<: {arch: x86}',
      '<<: {cpus: 4}\ncpus: 0x4',
      'cpus: 4\n---\ncpus: 5',
      'run: |\n  1s\n',
      'description: "\\u00e9\\q"',
      "description: 'a\n\n  b'",
      'cpus: 4.5\narch: x87\nkernel: 6.10\nrun: -1s',
      'cpus: {count: 4, nodes: [[0, 1], [2, 3]]}',
      'timeline: [{at: 1s, offline: 3, expect: EBUSY, online: 4}]',
      'interrupts: [{irq: 1, chip: X, name: 5}, 7, null]',
      'devices: [{driver: netvsk, relid: 13}, {driver: netvsc, relid: 13}, {driver: netvsc, relid: 99999}]',
      'host: {version: 9.9, latency: {modifyChannel: 1}}',
    ];
    for (const text of odd) await asked({ kind: 'check', name: 'a.yaml', text });
  });

  test('says what is wrong with changed examples in the same words', async () => {
    const all = [...texts.values()].filter((text) => text.length < 3000);
    const changed = fc
      .tuple(
        fc.constantFrom(...all),
        fc.nat(),
        fc.constantFrom('', ':', '[', '-1', 'x', '\n', ' ', '"', '*', '&'),
      )
      .map(([text, at, what]) => text.slice(0, at % text.length) + what + text.slice((at % text.length) + 1));
    await fc.assert(
      fc.asyncProperty(changed, (text) => asked({ kind: 'check', name: 'a.yaml', text }).then(() => true)),
      { numRuns: runs(1000, 25) },
    );
  });
});
