import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineAction, type ScenarioAction } from '../../src/scenario/actions/action.js';
import { aText } from '../../src/scenario/actions/expects.js';
import { ScenarioError } from '../../src/scenario/diagnostics.js';
import { ScenarioLanguage } from '../../src/scenario/language.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';
import { cpu } from '../../src/scenario/schema/notations.js';
import { int } from '../../src/scenario/schema/shapes.js';
import { builtinVocabulary } from '../../src/scenario/vocabulary.js';
import { FakeGuest } from './fake-guest.js';

/** Takes a CPU offline and brings it back, some times. */
const bounce = defineAction({
  name: 'bounce',
  value: cpu.describe('Take this CPU offline and bring it back'),
  companions: { often: int(1, 9).optional().describe('how often; default 1') },
  fields: (number, { often = 1 }) => ({ cpu: number, often }),
  describe: (action) => `bounce ${action.cpu}`,
  perform(guest, action) {
    for (let i = 0; i < action.often; i++) {
      guest.offline(action.cpu);
      guest.online(action.cpu);
    }
  },
  check: (action, at, { cpus }) => cpus.check(action.cpu, at),
});

const dmesg = defineAction({
  name: 'dmesg',
  value: z.literal(true, { error: 'true' }).describe('Read the log'),
  expects: aText,
  fields: () => ({}),
  describe: () => 'dmesg',
  perform: () => ({ kind: 'text', text: 'Linux version 6.12' }),
});

function languageOf(...actions: ScenarioAction[]): ScenarioLanguage {
  return new ScenarioLanguage({
    ...builtinVocabulary,
    actions: [...builtinVocabulary.actions, ...actions],
    designChoices: { ...builtinVocabulary.designChoices, relidMap: ['irqdomain', 'mine'] },
  });
}

const language = languageOf(bounce, dmesg);

function problems(line: string): string {
  try {
    parseScenario(`cpus: 2\n${line}`, 's.yaml', language);
  } catch (error) {
    if (error instanceof ScenarioError) return error.message;
    throw error;
  }
  return '';
}

describe("an outsider's action", () => {
  test('is done, described and compared like any other', () => {
    const scenario = parseScenario(
      `cpus: 2
timeline:
  - {bounce: 1, often: 2}
  - {bounce: 0, expect: EBUSY}
  - {dmesg: true, contains: version}
  - {dmesg: true, expect: none}
`,
      's.yaml',
      language,
    );
    expect(scenario.timeline[0].action).toEqual({ kind: 'bounce', cpu: 1, often: 2 });
    const guest = new FakeGuest();
    const { steps } = runScenarioOn(guest, scenario);
    expect(guest.calls).toEqual(['0 offline 1', '0 online 1', '0 offline 1', '0 online 1', '0 offline 0']);
    expect(steps.map(({ action, outcome, message }) => [action, outcome, message])).toEqual([
      ['bounce 1', 'ok', undefined],
      ['bounce 0', 'ok', undefined],
      ['dmesg', 'ok', undefined],
      ['dmesg', 'failed', 'expected "none", but it is "Linux version 6.12"'],
    ]);
  });

  test.each([
    ['timeline: [{}]', /2:12: a step needs an action: one of offline, .*, print, bounce, dmesg$/],
    ['timeline: [{bonce: 1}]', /2:13: unknown key "bonce"; did you mean "bounce"\?$/],
    ['timeline: [{bounce: x}]', /2:21: expected a whole number from 0 to 8191, not "x"$/],
    ['timeline: [{bounce: 2}]', /2:21: there is no CPU 2: this guest has CPUs 0-1$/],
    ['timeline: [{offline: 1, often: 2}]', /2:32: "often" goes with "bounce" only$/],
    ['timeline: [{offline: 1, contains: x}]', /2:35: "contains" goes with "read" and "dmesg" only$/],
    ['timeline: [{bounce: 1, offline: 1}]', /2:21: a step has one action, not 2 \(offline, bounce\)$/],
  ])('is known where %s is wrong', (line, message) => {
    expect(problems(line)).toMatch(message);
  });

  test('is in the JSON Schema for editors', () => {
    const { properties, oneOf, dependencies } = JSON.parse(language.jsonSchemaText()).properties.timeline
      .items;
    expect(properties.bounce.description).toBe('Take this CPU offline and bring it back');
    expect(properties.often.description).toBe('bounce: how often; default 1');
    expect(properties.contains.description).toBe('read, dmesg: text that must be in the file');
    expect(oneOf).toContainEqual({ required: ['bounce'] });
    expect(dependencies.often).toEqual(['bounce']);
    expect(dependencies.contains).toEqual({ anyOf: [{ required: ['read'] }, { required: ['dmesg'] }] });
  });

  test.each([
    ['offline', {}, 'scenario action "offline": there is an action "offline" already; choose another name'],
    ['at', {}, 'scenario action "at": every step has the key "at"; choose another name'],
    [
      'x',
      { data: z.string().optional() },
      'scenario action "x": the action "write" has the key "data" already; choose another name',
    ],
  ])('cannot take the place of another one: %s', (name, companions, message) => {
    const action = defineAction({
      name,
      value: cpu,
      companions,
      fields: () => ({}),
      describe: () => name,
      perform: () => undefined,
    });
    expect(() => languageOf(action)).toThrow(new TypeError(message));
  });
});

test("an outsider's design can be chosen, and is offered where another one is wrong", () => {
  expect(problems('design: {relidMap: mine}')).toBe('');
  expect(problems('design: {relidMap: mien}')).toBe(
    's.yaml:2:20: expected one of irqdomain, mine, not "mien"; did you mean "mine"?',
  );
});
