import { conclusionOf } from '../../explore/report/conclusion.js';
import { type TextOptions, violationText, wrapped } from '../../explore/report/lane-table.js';
import { coverageText, effortText, number, numbered, sanitizedText } from '../../explore/report/effort.js';
import type { Report, Violation } from '../../explore/report/report.js';
import { unannouncedText } from '../../explore/report/unannounced.js';
import type { Paint } from '../../command/paint.js';
import type { Race } from '../../races/race.js';

/** Of reportText and foundText. */
export const reportPaint: Paint = [
  [/(?<=^\S+: )found$/gm, 'bad'],
  [/(?<=^\S+: )none(?= \(complete\)$)/gm, 'good'],
  [/(?<=^\S+: )none(?= \((?!complete\)))/gm, 'doubtful'],
  [/^ {2}NO(?= )/gm, 'doubtful'],
  [/^.* <== decides$/gm, 'heading'],
];

/** The races with what they are about. */
export function listText(races: readonly Race[]): string {
  const width = Math.max(...races.flatMap(({ variants }) => variants.map(({ name }) => name.length)));
  return races
    .map(({ id, source, property, variants }) => {
      const lines = variants.map(
        ({ name, expected, summary }) => `    ${name.padEnd(width)}  ${expected.padEnd(5)}  ${summary}`,
      );
      return `${id}\n  ${source}\n  ${property}\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

/** A violation with its trace, and at the end what went wrong. */
export function foundText(violation: Violation, options: TextOptions): string {
  const end = wrapped(conclusionOf(violation), options.width ?? Number.POSITIVE_INFINITY).join('\n');
  return `${violationText(violation, options)}\n${end}\n`;
}

/** What executions that were cut leave open. */
function cutText({ cut, executions }: Report): string {
  return (
    `${number(cut)} of ${numbered(executions, 'execution')} ${cut === 1 ? 'was cut: whatever it does after its' : 'were cut: whatever they do after their'} last step was not looked at.\n` +
    'A loop that polls is better written with readUntil, which blocks; or raise --max-steps.'
  );
}

/** The verdict with everything that it rests on. */
export function reportText(report: Report, replayHint: string, options: TextOptions = {}): string {
  const { verdict, violations, witnesses, outcomes, model, unannounced } = report;
  const lines: string[] = [];
  for (const finding of unannounced ?? []) lines.push(unannouncedText(finding));
  if (unannounced !== undefined) lines.push(`${model}: ${sanitizedText(unannounced.length)}`);
  if (verdict === 'found') {
    lines.push(`${model}: found`, '');
    for (const violation of violations) lines.push(foundText(violation, options));
  } else {
    lines.push(`${model}: none (${coverageText(report)})`, '');
    for (const { name, reached } of witnesses) lines.push(`  ${reached ? 'yes' : 'NO '}  ${name}`);
    if (witnesses.length > 0) lines.push('');
    for (const { outcome, count } of outcomes ?? []) lines.push(`  ${number(count)} times: ${outcome}`);
    if (outcomes !== undefined && outcomes.length > 0) lines.push('');
  }
  const { width = Number.POSITIVE_INFINITY } = options;
  if (report.cut > 0) lines.push(...fitting(cutText(report), width), '');
  lines.push(...fitting(effortText(report), width));
  if (verdict === 'found') lines.push(replayHint);
  return `${lines.join('\n')}\n`;
}

/** The lines of a text, wrapped. */
function fitting(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => wrapped(line, width));
}
