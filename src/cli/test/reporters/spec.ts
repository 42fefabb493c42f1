import type { Paint } from '../../../command/paint.js';
import { failuresOf, type Reporter } from './reporter.js';

const paint: Paint = [
  [/^ok(?= )/gm, 'good'],
  [/^FAIL(?= )/gm, 'bad'],
  [/\b[1-9]\d* failed$/gm, 'bad'],
];

/** For people: a line a file, and what went wrong below it. */
export const spec: Reporter = {
  paint,
  begin: () => '',
  one(outcome) {
    const { file, ok, steps } = outcome;
    const count = steps.length === 1 ? '1 step' : `${steps.length} steps`;
    const lines = failuresOf(outcome).map((line) => `     ${line}\n`);
    return `${ok ? 'ok  ' : 'FAIL'} ${file}${steps.length === 0 ? '' : ` (${count})`}\n${lines.join('')}`;
  },
  end(outcomes) {
    const failed = outcomes.filter(({ ok }) => !ok).length;
    return `${outcomes.length - failed} passed, ${failed} failed\n`;
  },
};
