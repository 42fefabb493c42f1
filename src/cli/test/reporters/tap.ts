import { failuresOf, type Reporter } from './reporter.js';

/** The Test Anything Protocol, version 14: a test point a file, with what went wrong as a YAML block. */
export const tap: Reporter = {
  begin: (count) => `TAP version 14\n1..${count}\n`,
  one(outcome, number) {
    const head = `${outcome.ok ? 'ok' : 'not ok'} ${number} - ${outcome.file.replace(/[\\#]/g, '\\$&')}\n`;
    if (outcome.ok) return head;
    const failures = failuresOf(outcome).map((line) => `    - ${JSON.stringify(line)}\n`);
    return `${head}  ---\n  failures:\n${failures.join('')}  ...\n`;
  },
  end: () => '',
};
