import { axesOf, compareChoice, parseScenario, type ScenarioAxis, UsageError } from 'irqlab/browser';
import type { CompareRequest, ComparedAnswer } from './compare-protocol.js';

type CompareOne = Extract<CompareRequest, { kind: 'compare' }>;

export function axesIn({ name, text }: { name: string; text: string }): Promise<readonly ScenarioAxis[]> {
  return axesOf(parseScenario(text, name));
}

export async function compare({ name, text, axis, choice }: CompareOne): Promise<ComparedAnswer> {
  try {
    return { ok: true, ...(await compareChoice(parseScenario(text, name), axis, choice)) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { ok: false, message: error.message };
  }
}
