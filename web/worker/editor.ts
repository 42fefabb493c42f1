import { type Captured, importCaptures, parseScenario, ScenarioError, UsageError } from 'irqlab/browser';
import type { Imported, Problem } from './editor-protocol.js';
import type { Plugged } from './plugged.js';

export function checkScenario(name: string, text: string, { language }: Plugged): readonly Problem[] {
  try {
    parseScenario(text, name, language);
    return [];
  } catch (error) {
    return problemsOf(error);
  }
}

/** What an error of a scenario, or of its guest, says. Any other error is thrown on. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ScenarioError)
    return error.diagnostics.map(({ place: { line, column }, message }) => ({ line, column, message }));
  if (error instanceof RangeError) return [{ line: 1, column: 1, message: error.message }];
  throw error;
}

export async function importTexts(captures: readonly Captured[]): Promise<Imported> {
  try {
    return { ok: true, ...(await importCaptures(captures)) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { message, hint } = error;
    return { ok: false, message: hint === undefined ? message : `${message}. ${hint}` };
  }
}
