import { rowsOf } from './cells.js';
import type { Trace, TraceStep, Violation } from './report.js';

/** What went wrong, in a sentence or two: the step that decided it, and what came of that. */
export function conclusionOf({ kind, property, message, trace }: Violation): string {
  const decisive = decisiveStep(trace);
  const broken = whatBroke(kind, property, message);
  if (decisive === undefined) return broken;
  const { step, row } = decisive;
  const where = `${step.label ?? step.context} on ${trace.lanes[step.lane]}: ${step.action}`;
  return `Step ${row} decides (${where})${whyItDecides(step, trace)}. ${broken}`;
}

/** Of a read, if another lane writes what it reads: that their order decides. */
function whyItDecides({ action, value, lane }: TraceStep, { steps }: Trace): string {
  const [, word] = /^(?:read|spin on) (.*)$/.exec(action) ?? [];
  const isWrite = (other: TraceStep): boolean => /^(write|update|flush) /.test(other.action);
  const writes = steps.filter((other) => other.lane !== lane && isWrite(other));
  if (word === undefined || !writes.some((write) => write.action.endsWith(` ${word}`))) return '';
  const seen = value === undefined ? 'what it reads' : `the ${value} that it reads`;
  return `: with ${seen} on the other side of another lane's write, all would be well`;
}

function whatBroke(kind: Violation['kind'], property: string, message: string): string {
  switch (kind) {
    case 'always':
      return `After the last step it does not hold that ${property}${reason(property, message)}.`;
    case 'finally':
      return `When nothing can go on, it does not hold that ${property}${reason(property, message)}.`;
    case 'deadlock':
      return `Nothing can go on then: ${message}.`;
    case 'error':
      return `The last step fails: ${message}.`;
  }
}

/** What the property itself says is wrong, if it says anything. */
function reason(property: string, message: string): string {
  return message === `${property} does not hold` ? '' : `: ${message}`;
}

/** The last step that decided the outcome, and its row in the table. */
function decisiveStep(trace: Trace): { step: TraceStep; row: number } | undefined {
  const step = trace.steps.findLast(({ decisive }) => decisive === true);
  if (step === undefined) return undefined;
  return { step, row: rowsOf(trace).findLastIndex(({ decisive }) => decisive) + 1 };
}
