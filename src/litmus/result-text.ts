import type { LitmusResult } from './run.js';

const questions = { exists: 'Allowed', '~exists': 'Forbidden', forall: 'Required' } as const;

/** What came of a test, in herd's form; its Witnesses count states, where herd's count executions. */
export function resultText(result: LitmusResult): string {
  const { name, memory, quantifier, condition, states, positive, negative, observation } = result;
  const lines = [
    `Test ${name} ${questions[quantifier]}`,
    `States ${states.length}`,
    ...states,
    result.isOk ? 'Ok' : 'No',
    'Witnesses',
    `Positive: ${positive} Negative: ${negative}`,
    `Condition ${quantifier} ${condition}`,
    `Observation ${name} ${observation} ${positive} ${negative}`,
    `Memory ${memory}`,
    ...(result.complete ? [] : [`Not finished: ${result.limits.join('; ')}`]),
    ...(result.difference === undefined ? [] : [`DIFFERS: ${result.difference}`]),
  ];
  return `${lines.join('\n')}\n`;
}
