import { axesOf, compareChoice, parseScenario, type ScenarioAxis, UsageError } from 'irqlab/browser';
import type { CompareRequest, ComparedAnswer } from './compare-protocol.js';
import type { Plugged } from './plugged.js';

type CompareOne = Extract<CompareRequest, { kind: 'compare' }>;

export function axesIn(
  { name, text }: { name: string; text: string },
  { modules, language }: Plugged,
): Promise<readonly ScenarioAxis[]> {
  return axesOf(parseScenario(text, name, language), modules);
}

export async function compare(
  { name, text, axis, choice }: CompareOne,
  { modules, language }: Plugged,
): Promise<ComparedAnswer> {
  try {
    const scenario = parseScenario(text, name, language);
    return { ok: true, ...(await compareChoice(scenario, axis, choice, modules)) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { ok: false, message: error.message };
  }
}
