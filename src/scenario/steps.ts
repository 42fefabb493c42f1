import type { Ns } from '../lib/brand.js';
import { atOnce, elapseInTurns, type Turns } from '../machine/turns.js';
import type { PlannedAction } from './actions/action.js';
import { type Answer, answerOf, done } from './actions/answer.js';
import { type Expectation, mismatch } from './expectation.js';
import type { ScenarioGuest } from './port.js';

/** How long a step that is to leave a hang behind waits for it: a little more than 120 s. */
const HANG_WAIT_NS: Ns = 121_000_000_000;

/** An action, and what is expected of it. */
type ExpectingAction = PlannedAction & { readonly expect: Expectation };

/** What came of a step: its answer, and how that differs from what was expected; undefined if it does not. */
export interface StepResult {
  readonly answer: Answer;
  readonly failure: string | undefined;
}

/** Does an action, in turns; what the guest refuses is an answer, too. */
export function* perform(guest: ScenarioGuest, action: PlannedAction): Turns<Answer> {
  try {
    if (!action.endsWithCall) return action.perform(guest);
    return (yield* guest.inTurns(() => action.perform(guest))) ?? done;
  } catch (error) {
    return answerOf(error);
  }
}

/** Does an action and compares what comes of it with what was expected. */
export function doStep(guest: ScenarioGuest, step: ExpectingAction): StepResult {
  return atOnce(doStepInTurns(guest, step));
}

/** The same in turns. */
export function* doStepInTurns(guest: ScenarioGuest, step: ExpectingAction): Turns<StepResult> {
  const startNs = guest.now;
  const answer = yield* perform(guest, step);
  if (step.expect.kind === 'hang' && (yield* leavesHang(guest, startNs)))
    return { answer, failure: undefined };
  return { answer, failure: mismatch(answer, step.expect) };
}

/** True if a context of the guest hangs that has begun to wait since `startNs`, or does so in the next minutes. */
function* leavesHang(guest: ScenarioGuest, startNs: Ns): Turns<boolean> {
  const hangs = (): boolean => guest.hangs().some(({ sinceNs }) => sinceNs >= startNs);
  if (hangs()) return true;
  yield* elapseInTurns(guest, guest.now + HANG_WAIT_NS);
  return hangs();
}
