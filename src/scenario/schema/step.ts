import type { z } from 'zod';
import type { PlannedAction, ScenarioAction } from '../actions/action.js';
import type { Checks } from '../checks/checks.js';
import { formatDuration } from '../duration.js';
import type { Expectation } from '../expectation.js';
import type { Ns } from '../../lib/brand.js';
import { duration, textOrNumber } from './notations.js';
import { keysIn, mapping, whenMapping } from './shapes.js';

/** A step as a file has it. */
export interface StepKeys {
  /** From the end of booting; undefined: right after the step before. */
  readonly atNs: Ns | undefined;
  readonly planned: PlannedAction;
  readonly expect: Expectation;
}

/** Values of a step's keys; those of actions and their companions are what the schemas of these say. */
interface GivenKeys {
  readonly at?: Ns | undefined;
  readonly expect?: string | number | undefined;
  readonly [key: string]: unknown;
}

/** The schema of a step of the timeline, made of what it can do. */
export function stepSchema(actions: readonly ScenarioAction[]) {
  const names = actions.map(({ name }) => name);
  const companions = withOwners(actions, ({ companions: keys }) => keys);
  const expectations = withOwners(actions, ({ expects }) => expects.keys);
  const keys = mapping('a step, e.g. {at: 1s, offline: 3}', {
    at: duration.optional().describe('When, from the end of booting; default: right after the step before'),
    ...companions.shape,
    ...expectations.shape,
    expect: textOrNumber
      .optional()
      .describe('Name of the errno that must come, or the text (read) or number (count); default: success'),
    ...Object.fromEntries(actions.map(({ name, value }) => [name, value.optional()])),
  });
  const owners = new Map([...companions.owners, ...expectations.owners]);
  return keys
    .superRefine((value: GivenKeys, context) => checkStep(value, actions, owners, context), whenMapping)
    .transform((given: GivenKeys): StepKeys => {
      const action = actions.find(({ name }) => given[name] !== undefined) ?? actions[0];
      const planned = action.plan(given[action.name], given);
      return { atNs: given.at, planned, expect: action.expects.read(given) };
    })
    .meta({
      oneOf: names.map((name) => ({ required: [name] })),
      dependencies: dependencies(actions, companions.owners, expectations.owners),
    });
}

type Owners = ReadonlyMap<string, readonly string[]>;

/** Keys that only some actions have, each with the names of those. */
function withOwners(
  actions: readonly ScenarioAction[],
  keysOf: (action: ScenarioAction) => z.ZodRawShape,
): { shape: Record<string, z.ZodType>; owners: Owners } {
  const owners = new Map<string, string[]>();
  const schemas = new Map<string, z.ZodType>();
  for (const action of actions) {
    for (const [key, schema] of Object.entries(keysOf(action))) {
      schemas.set(key, schema as z.ZodType);
      owners.set(key, [...(owners.get(key) ?? []), action.name]);
    }
  }
  const shape: Record<string, z.ZodType> = {};
  for (const [key, schema] of schemas) {
    shape[key] = schema.describe(`${(owners.get(key) ?? []).join(', ')}: ${schema.description ?? ''}`);
  }
  return { shape, owners };
}

/** For editors: which keys go together. */
function dependencies(
  actions: readonly ScenarioAction[],
  companions: Owners,
  expectations: Owners,
): Record<string, unknown> {
  const needs: Record<string, unknown> = {};
  const belong = (owners: Owners, key: string): void => {
    const names = owners.get(key) ?? [];
    needs[key] = names.length === 1 ? names : { anyOf: names.map((name) => ({ required: [name] })) };
  };
  for (const action of actions) {
    for (const key of Object.keys(action.companions)) belong(companions, key);
    const needed = Object.keys(action.needs);
    if (needed.length > 0) needs[action.name] = needed;
  }
  for (const { name, expects } of actions) {
    for (const key of Object.keys(expects.keys)) belong(expectations, key);
    if (expects.isRequired) needs[name] = [...asList(needs[name]), 'expect'];
  }
  return needs;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function checkStep(
  value: GivenKeys,
  actions: readonly ScenarioAction[],
  owners: Owners,
  context: z.RefinementCtx,
): void {
  const report = (message: string, path: PropertyKey[] = []): void =>
    context.addIssue({ code: 'custom', message, path });
  const given = actions.filter(({ name }) => value[name] !== undefined);
  const [action] = given;
  if (given.length !== 1) {
    const names = (given.length === 0 ? actions : given).map(({ name }) => name);
    if (given.length === 0) report(`a step needs an action: one of ${names.join(', ')}`);
    else report(`a step has one action, not ${given.length} (${names.join(', ')})`, names.slice(1, 2));
    return;
  }
  for (const key of keysIn(value, [...owners.keys()])) {
    const names = owners.get(key) ?? [];
    if (names.includes(action.name)) continue;
    report(`"${key}" goes with ${names.map((name) => `"${name}"`).join(' and ')} only`, [key]);
  }
  for (const [key, expected] of Object.entries(action.needs)) {
    if (value[key] === undefined) report(`"${key}" is missing: expected ${expected}`);
  }
  const problem = action.expects.problem(action.name, value);
  if (problem !== undefined) report(problem, value.expect === undefined ? [] : ['expect']);
}

/** Checks the timeline's steps; what is wrong in itself is undefined. */
export function checkTimeline(steps: readonly (StepKeys | undefined)[], checks: Checks): void {
  checkTimes(steps, checks);
  for (const [i, step] of steps.entries()) step?.planned.check(['timeline', i, step.planned.name], checks);
}

function checkTimes(steps: readonly (StepKeys | undefined)[], { report, runNs }: Checks): void {
  let latest = 0;
  steps.forEach((step, i) => {
    const atNs = step?.atNs;
    if (atNs === undefined) return;
    const place = ['timeline', i, 'at'];
    const time = formatDuration(atNs);
    if (atNs < latest) report(place, `${time} is before the ${formatDuration(latest)} of an earlier step`);
    if (runNs !== undefined && atNs > runNs)
      report(place, `${time} is after the end of the run at ${formatDuration(runNs)}`);
    latest = Math.max(latest, atNs);
  });
}
