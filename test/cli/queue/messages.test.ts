import { describe, expect, test } from '@jest/globals';
import {
  parseEnvelope,
  parsePointResult,
  parsePointTask,
  parseUnitResult,
  parseUnitTask,
} from '../../../src/cli/queue/messages.js';
import { choicesFor, compareOne, withDesign } from '../../../src/compare/one.js';
import { noPlugins } from '../../../src/command/plugins.js';
import { scenarioOf } from '../../../src/command/scenario-file.js';
import { exploreUnit } from '../../../src/explore/explore.js';
import { Guest } from '../../../src/guest/guest.js';
import { runScenarioOn } from '../../../src/scenario/runner.js';
import { counterModel } from '../../explore/litmus.js';
import { irqlab } from '../../support/cli.js';

const unit = { states: [], floor: 0, unseen: 0 };
const search = { race: 'r', variant: 'v', memory: 'sc', strategy: { kind: 'dpor' } };
const job = { options: 'o', search, unit, steps: 1000 };
const state = {
  chosen: 1,
  enabled: 3,
  todo: 2,
  done: -2147483648,
  sleep: 0,
  wakeful: 0,
  yielding: 0,
  nowNs: 0,
};

describe('what the queue has is taken only if it is', () => {
  test('a unit', () => {
    expect(parseUnitTask(job)).toEqual(job);
    const along = { ...job, unit: { states: [state, state], floor: 2, unseen: 1 } };
    expect(parseUnitTask(along)).toEqual(along);
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
    expect(() => parseUnitTask(data)).toThrow(`what the queue has is no unit of a search: ${reason}`);
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

describe('choices of a comparison', () => {
  const point = { text: 'cpus: 2\n', name: 'two.yaml', axis: 'lifetime', choice: 'get-put' };

  test('a choice', () => {
    expect(parsePointTask(point)).toEqual(point);
    expect(() => parsePointTask({ ...point, axis: 'colour' })).toThrow(
      'what the queue has is no choice of a comparison: axis: Invalid option',
    );
    expect(() => parsePointTask({ ...point, plugins: ['./mine.js'] })).toThrow('Unrecognized key: "plugins"');
  });

  test.each(['lifetime', 'irqfd-source'] as const)(
    'a row of %s comes back as it was, key by key',
    async (axis) => {
      const kvm =
        axis === 'lifetime' ? '' : 'kvm: {devices: [{name: uart, gsi: 10, every: 10ms, during: 100ms}]}\n';
      const text = `cpus: 2\ndevices: [{driver: heartbeat, relid: 7}]\nworkload: [{relid: 7, signals: 10, during: 1s}]\n${kvm}`;
      const scenario = scenarioOf(text, 'small.yaml', noPlugins);
      const [choice] = choicesFor(axis, scenario, noPlugins);
      const row = await compareOne(withDesign(scenario, choice), choice, {
        create: async (options) => Guest.create(options),
        run: runScenarioOn,
      });
      const sent = JSON.stringify({ row });
      expect(JSON.stringify(parsePointResult(JSON.parse(sent)))).toBe(sent);
      expect(() => parsePointResult({ row: { ...row, lost: -1 } })).toThrow('row.lost: Too small');
    },
  );

  test('a choice that is refused', () => {
    const refused = { refused: 'two.yaml: no', hint: 'another' };
    expect(parsePointResult(refused)).toEqual(refused);
    expect(() => parsePointResult({})).toThrow(
      'what the queue has is no row of a comparison: it: Invalid input',
    );
  });
});

test('a job says whose it is, of which build, and nothing else', () => {
  const envelope = { owner: '0b7e9c2a-5d3f-4e1b-8a6c-1f2e3d4c5b6a', build: 'b', task: { any: 1 } };
  expect(parseEnvelope(envelope)).toEqual(envelope);
  expect(() => parseEnvelope({ ...envelope, owner: '*' })).toThrow(
    'what the queue has is no job: owner: Invalid UUID',
  );
  expect(() => parseEnvelope({ ...envelope, code: '1' })).toThrow('it: Unrecognized key: "code"');
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
    [
      ['compare', 'examples/arm64-4vcpu.yaml', '--vary', 'top-level', '--queue', 'x', '--time'],
      /^irqlab: --time measures this machine, and --queue has others run the choices/,
    ],
    // The file is read before anybody is asked.
    [['compare', 'none.yaml', '--vary', 'top-level', '--queue', 'x'], /^irqlab: cannot read none\.yaml/],
    [
      ['compare', 'examples/arm64-4vcpu.yaml', '--vary', 'top-level', '--queue', 'x'],
      /^irqlab: --queue is no address of a Redis/,
    ],
  ])('%j', async (args, reason) => {
    const { status, out, err } = await irqlab(args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(reason);
  });
});
