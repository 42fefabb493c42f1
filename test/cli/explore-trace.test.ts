import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { traceRecordSchema } from '../../src/guest/trace-record-schema.js';
import { irqlab } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const scratch = temporaryDirectory('explore-trace');

const at = (name: string): string => join(scratch.path, name);

interface Line {
  readonly event: string;
  readonly ns: number;
  readonly cpu: number;
  readonly comm: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function linesOf(text: string): Line[] {
  return text
    .trim()
    .split('\n')
    .map((line) => traceRecordSchema.parse(JSON.parse(line)));
}

test('the steps of an interleaving are in the trace, each followed by what the guest’s tracepoints told of it', async () => {
  const saved = at('lost.json');
  const trace = at('lost.jsonl');
  await irqlab(['explore', 'modchan-offline', 'no-wait', '--save', saved, '--trace', trace]);
  const { steps } = JSON.parse(readFileSync(saved, 'utf8')) as {
    steps: { lane: string; context: string; action: string }[];
  };
  const lines = linesOf(readFileSync(trace, 'utf8'));
  const told = lines.filter(({ event }) => event === 'lab:explorer_step');
  expect(told.map(({ comm, fields }) => [comm, fields.action])).toEqual(
    steps.map(({ context, action }) => [context.slice(0, 15), action]),
  );
  expect(told.map(({ ns, fields }) => [ns, fields.step])).toEqual(
    steps.map((_, i) => [1000 * (i + 1), i + 1]),
  );
  // The two CPUs, and the host's thread behind them.
  expect(told.map(({ cpu }) => cpu)).toEqual(
    steps.map(({ lane }) => (lane === 'host' ? 2 : Number(lane.slice(-1)))),
  );
  const sent = lines.findIndex(({ event }) => event === 'hyperv:vmbus_send_modifychannel');
  const before = lines[sent - 1];
  expect(before).toMatchObject({ event: 'lab:explorer_step', fields: { action: 'update message port' } });
  expect(lines[sent]).toMatchObject({ ns: before.ns, cpu: before.cpu, comm: before.comm });
  const again = at('again.jsonl.gz');
  await irqlab(['replay', saved, '--trace', again]);
  expect(gunzipSync(readFileSync(again)).toString()).toBe(readFileSync(trace, 'utf8'));
});

test('all forms; values and store buffers are told', async () => {
  const saved = at('ring.json');
  await irqlab(['explore', 'ring-full-wakeup', 'no-barrier', '--save', saved]);
  const written = async (name: string, ...options: string[]): Promise<Buffer> => {
    const file = at(name);
    expect(await irqlab(['replay', saved, '--trace', file, ...options])).toMatchObject({
      status: 0,
      err: '',
    });
    return readFileSync(file);
  };
  const text = (await written('ring.txt')).toString();
  expect(text).toMatch(/explorer_step: step=\d+ .*: write .* = \d+ \(into the store buffer\)\n/);
  expect((await written('ring.dat')).subarray(3, 10).toString()).toBe('tracing');
  const { traceEvents } = JSON.parse(
    (await written('ring.json2', '--trace-format', 'chrome')).toString(),
  ) as {
    traceEvents: { ph: string; name: string; dur?: number }[];
  };
  const slices = traceEvents.filter(({ ph }) => ph === 'X');
  expect(slices.length).toBe(text.match(/explorer_step/g)?.length);
  expect(slices[0]).toMatchObject({ dur: 1 });
});

test('a trace of nothing is not written, and options that mean nothing are refused', async () => {
  const file = at('none.txt');
  const { err } = await irqlab([
    'explore',
    'modchan-offline',
    'wait-in-setter',
    '--trace',
    file,
    '--max-executions',
    '3',
  ]);
  expect(err).toContain('nothing was found');
  expect(existsSync(file)).toBe(false);
  for (const args of [
    ['explore', 'modchan-offline', 'no-wait', '--trace-format', 'dat'],
    ['explore', '--all', '--trace', file],
    ['explore', 'modchan-offline', 'no-wait', '--trace', at('x.unknown')],
    ['explore', 'modchan-offline', 'no-wait', '--trace', file, '--save', file],
  ])
    expect((await irqlab(args)).status).toBe(2);
});
