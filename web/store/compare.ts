// A comparison: the scenario under each choice of an axis, one after another in a worker of its own.
import { signal } from '@preact/signals';
import type { AxisName, ComparedChoice, ScenarioAxis } from 'irqlab/browser';
import { type ScenarioText, scenario } from './guest.js';
import { Helper } from './worker.js';

export interface Comparison {
  readonly scenario: string;
  readonly axis: AxisName;
  readonly rows: readonly ComparedChoice[];
  /** The choice that runs now; undefined: all are done, or it was stopped. */
  readonly running: string | undefined;
  readonly choices: number;
  /** Why the scenario's own guest cannot be. */
  readonly problem: string | undefined;
}

/** Axes of the scenario that runs; undefined: not asked yet. */
export const axes = signal<readonly ScenarioAxis[] | undefined>(undefined);
export const comparison = signal<Comparison | undefined>(undefined);

let helper: Helper | undefined;

function present(): Helper {
  helper ??= new Helper(() => {});
  return helper;
}

export async function loadAxes(): Promise<void> {
  const given = scenario.value;
  axes.value = undefined;
  if (given !== undefined) axes.value = await present().ask<'axes'>({ kind: 'axes', ...given });
}

/** Runs the scenario under each choice of an axis. */
export async function compareAll({ axis, choices }: ScenarioAxis): Promise<void> {
  const given = scenario.value;
  if (given === undefined) return;
  const own = { scenario: given.name, axis, choices: choices.length, problem: undefined };
  let rows: readonly ComparedChoice[] = [];
  for (const { name } of choices) {
    const step: Comparison = { ...own, rows, running: name };
    comparison.value = step;
    const answer = await one(given, axis, name);
    // Stopped, or another one was begun meanwhile.
    if (comparison.value !== step) return;
    if (!answer.ok) {
      comparison.value = { ...step, running: undefined, problem: answer.message };
      return;
    }
    rows = [...rows, answer];
  }
  comparison.value = { ...own, rows, running: undefined };
}

export function stopComparing(): void {
  helper?.end();
  helper = undefined;
  if (comparison.value !== undefined) comparison.value = { ...comparison.value, running: undefined };
}

function one(given: ScenarioText, axis: AxisName, choice: string) {
  return present().ask<'compare'>({ kind: 'compare', ...given, axis, choice });
}
