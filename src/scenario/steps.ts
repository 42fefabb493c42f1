import type { PlannedAction } from './actions/action.js';
import { type Answer, answerOf } from './actions/answer.js';
import { type Expectation, mismatch } from './expectation.js';
import type { ScenarioGuest } from './port.js';

/** What came of a step: its answer, and how that differs from what was expected; undefined if it does not. */
export interface StepResult {
  readonly answer: Answer;
  readonly failure: string | undefined;
}

/** Does an action; what the guest refuses is an answer, too. */
export function perform(guest: ScenarioGuest, action: PlannedAction): Answer {
  try {
    return action.perform(guest);
  } catch (error) {
    return answerOf(error);
  }
}

/** Does an action and compares what comes of it with what was expected. */
export function doStep(
  guest: ScenarioGuest,
  step: PlannedAction & { readonly expect: Expectation },
): StepResult {
  const answer = perform(guest, step);
  return { answer, failure: mismatch(answer, step.expect) };
}
