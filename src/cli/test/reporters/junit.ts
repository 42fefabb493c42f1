import { formatDuration } from '../../../scenario/duration.js';
import type { TestedStep, TestOutcome } from '../outcome.js';
import type { Reporter } from './reporter.js';

/** JUnit's XML, as CI servers read it: a suite a file, a case a step, and one for the run as a whole. */
export const junit: Reporter = {
  begin: () => '',
  one: () => '',
  end: (outcomes) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${outcomes.map(suite).join('')}</testsuites>\n`,
};

function suite({ file, steps, problems, seconds }: TestOutcome): string {
  const cases = [...steps.map((step) => stepCase(file, step)), runCase(file, problems, seconds)];
  const failed = steps.filter(({ message }) => message !== undefined).length + (problems.length > 0 ? 1 : 0);
  const head = `name="${escaped(file)}" tests="${cases.length}" failures="${failed}" errors="0" skipped="0"`;
  return `  <testsuite ${head} time="${seconds.toFixed(3)}">\n${cases.join('')}  </testsuite>\n`;
}

function stepCase(file: string, { line, column, atNs, action, message }: TestedStep): string {
  const name = `${line}:${column}: at ${formatDuration(atNs)}: ${action}`;
  const head = `    <testcase classname="${escaped(file)}" name="${escaped(name)}" file="${escaped(file)}" line="${line}" time="0"`;
  return message === undefined
    ? `${head}/>
`
    : `${head}>${failure(message)}</testcase>
`;
}

function runCase(file: string, problems: readonly string[], seconds: number): string {
  const head = `    <testcase classname="${escaped(file)}" name="the run" file="${escaped(file)}" time="${seconds.toFixed(3)}"`;
  return problems.length === 0 ? `${head}/>\n` : `${head}>${failure(problems.join('\n'))}</testcase>\n`;
}

function failure(text: string): string {
  return `<failure message="${escaped(text.split('\n')[0])}">${escaped(text)}</failure>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML has no way to write most control characters, nor half a surrogate pair. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (character) => entities[character] ?? '');
}
