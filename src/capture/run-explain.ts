import { jsonText } from '../command/json.js';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import type { Paint } from '../command/paint.js';
import type { Stdio } from '../command/stdio.js';
import { scenarioOf } from './captured-scenario.js';
import { openMachine } from './open-machine.js';
import { type Answer, type ExplainJson, explainPicture } from './picture/explain.js';
import { balanced, type Balance } from './picture/balanced.js';
import { pictureOf } from './picture/machine-picture.js';
import { showInterrupts } from './show-interrupts.js';

export interface ExplainOptions {
  readonly json?: boolean;
  /** Has irqbalance look at a guest that is made of the recording; undefined: nobody asks. */
  readonly balance?: Balance;
}

/**
 * `irqlab explain`: answers what people ask about where a machine's interrupts go, each with the files that say so.
 *
 * @throws UsageError for a file that cannot be used, or where irqbalance is asked and cannot be run.
 */
export async function runExplain(
  file: string,
  { json = false, balance }: ExplainOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const machine = await openMachine(file, stdio);
  const picture = pictureOf(machine);
  const answers = explainPicture(picture);
  if (balance !== undefined) {
    const { text } = await scenarioOf(machine, showInterrupts);
    answers.push(balanced(picture, await balance(text)));
  }
  if (json) stdio.out(jsonText<ExplainJson>('explain', { answers }));
  else stdio.out(answersText(answers), answersPaint);
  return exitStatus.ok;
}

/** Of answersText. */
const answersPaint: Paint = [
  [/^(?! ).+$/gm, 'heading'],
  [/^ {6}\[.*\]$/gm, 'aside'],
];

function answersText(answers: readonly Answer[]): string {
  return answers
    .map(
      ({ question, statements }) =>
        `${question}\n${statements.map(({ text, from }) => `  ${text}\n      [${from}]\n`).join('')}`,
    )
    .join('\n');
}
