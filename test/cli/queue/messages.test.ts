import { describe, expect, test } from '@jest/globals';
import { parseUnitJob, parseUnitResult } from '../../../src/cli/queue/messages.js';
import { exploreUnit } from '../../../src/explore/explore.js';
import { counterModel } from '../../explore/litmus.js';
import { irqlab } from '../../support/cli.js';

const unit = { states: [], floor: 0, unseen: 0 };
const search = { race: 'r', variant: 'v', memory: 'sc', strategy: { kind: 'dpor' } };
const job = { fingerprint: { build: 'b', options: 'o' }, search, unit, steps: 1000 };
const state = { chosen: 1, enabled: 3, todo: 2, done: -2147483648, sleep: 0, wakeful: 0, nowNs: 0 };

describe('what the queue has is taken only if it is', () => {
  test('a unit', () => {
    expect(parseUnitJob(job)).toEqual(job);
    const along = { ...job, unit: { states: [state, state], floor: 2, unseen: 1 } };
    expect(parseUnitJob(along)).toEqual(along);
  });

  test.each([
    [undefined, 'it: expected object'],
    [{ ...job, code: 'process.exit()' }, 'it: Unrecognized key: "code"'],
    [{ ...job, steps: 0 }, 'steps: Too small'],
    [{ ...job, unit: { ...unit, floor: 1 } }, 'unit: the floor is behind the path'],
    [
      { ...job, unit: { states: [{ ...state, chosen: 32 }], floor: 0, unseen: 0 } },
      'unit.states.0.chosen: Too big',
    ],
    [
      { ...job, unit: { states: [{ ...state, todo: 1.5 }], floor: 0, unseen: 0 } },
      'unit.states.0.todo: expected int',
    ],
    [{ ...job, search: { ...search, strategy: { kind: 'states' } } }, 'search.strategy.kind: Invalid'],
    [{ ...job, search: { ...search, maxSteps: 1e9 } }, 'search.maxSteps: Too big'],
    [{ ...job, search: { ...search, untilMs: 1 } }, 'search: Unrecognized key: "untilMs"'],
  ])('no unit: %j', (data, reason) => {
    expect(() => parseUnitJob(data)).toThrow(`what the queue has is no unit of a search: ${reason}`);
  });

  test('a result', () => {
    const result = exploreUnit(counterModel(false, 3), { stopAtFirst: false }, unit, 1);
    const sent: unknown = JSON.parse(JSON.stringify(result));
    expect(parseUnitResult(sent)).toEqual(sent);
    expect(result.rest).toBeDefined();
    expect(() => parseUnitResult({ ...result, wanted: [{ at: 0, first: 1 }] })).toThrow(
      'what the queue has is no result of a unit: wanted.0.add: expected number, and it is missing',
    );
    expect(() => parseUnitResult('done')).toThrow('it: expected object');
  });
});

describe('wrong use of a queue', () => {
  test.each([
    [['worker', '--queue', 'localhost'], /^irqlab: --queue is no address of a Redis\nExpected redis:/],
    [['worker'], /required option '--queue <url>' not specified/],
    [
      ['worker', '--queue', 'redis://localhost:1'],
      /^irqlab: no Redis for --queue at redis:\/\/localhost:1: connect ECONN/,
    ],
    [['explore', 'relid-map', 'array', '--queue', 'http://:pw@x'], /^irqlab: --queue is no address/],
    [
      ['explore', 'relid-map', 'array', '--queue', 'redis://:secret@localhost:1'],
      /^irqlab: no Redis for --queue at redis:\/\/localhost:1: connect ECONN/,
    ],
    [['explore', 'relid-map', '--queue', 'x'], /--queue: a table searches each variant/],
    [
      ['explore', 'relid-map', 'array', '--queue', 'x', '--workers', '1'],
      /--workers: with --queue each "irqlab worker"/,
    ],
    [['explore', 'relid-map', 'array', '--queue', 'x', '--shard', '0/2'], /--queue: a --shard has no units/],
    [
      ['explore', 'relid-map', 'array', '--queue', 'x', '--strategy', 'states'],
      /--queue: a search with --strategy states has no units/,
    ],
  ])('%j', async (args, reason) => {
    const { status, out, err } = await irqlab(args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(reason);
  });
});
