import { z } from 'zod';
import { type Complaint, complaintsOf } from '../scenario/issues.js';
import { builtinLanguage, type ScenarioLanguage } from '../scenario/language.js';
import { duration, irq, relidOrName } from '../scenario/schema/notations.js';
import { keysIn, mapping, whenMapping } from '../scenario/schema/shapes.js';
import type { StepKeys } from '../scenario/schema/step.js';
import { Source } from '../scenario/source.js';
import { didYouMean } from '../scenario/suggest.js';
import { workload } from '../scenario/workloads/index.js';

/** A command that is unknown or wrong. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

const speedText = 'a number from 0 to 1000';

/** Commands beside the actions of a scenario's timeline. */
const commands = {
  status: z.literal(true, { error: 'true' }),
  dmesg: z.literal(true, { error: 'true' }),
  run: duration,
  speed: z.number({ error: speedText }).min(0, { error: speedText }).max(1000, { error: speedText }),
  workload: z.preprocess((value) => (Array.isArray(value) ? value : [value]), workload),
  stop: z.union([relidOrName('nvme0'), mapping('a mapping such as {irq: 8}', { irq })], {
    error: 'a relid, a PCI device such as nvme0, or a mapping such as {irq: 8}',
  }),
  latency: mapping('a mapping such as {modifyChannel: 1ms}', {
    message: duration.optional(),
    open: duration.optional(),
    gpadl: duration.optional(),
    modifyChannel: duration.optional(),
  }),
};

const commandNames = Object.keys(commands) as (keyof typeof commands)[];

/** All commands, in the order in which they are listed to the user. @param language what a step may speak of. */
export function namesOfCommands({ vocabulary }: ScenarioLanguage = builtinLanguage): readonly string[] {
  return [...new Set([...commandNames, ...vocabulary.actions.map(({ name }) => name)])];
}

const command = mapping('a command, e.g. {rescind: 13}', commands)
  .partial()
  .superRefine((value, context) => {
    if (keysIn(value, commandNames).length === 1) return;
    context.addIssue({ code: 'custom', message: 'give one command at a time' });
  }, whenMapping);

export type ControlCommand = z.output<typeof command>;
export type ControlStep = StepKeys;

/**
 * Reads a command: a mapping with one of the commands above, or a step of a timeline.
 *
 * @param text YAML, of which JSON is a part.
 * @param language what a step may speak of; default: without plug-ins.
 * @throws CommandError that says what is wrong.
 */
export function parseCommand(
  text: string,
  language: ScenarioLanguage = builtinLanguage,
): { command: ControlCommand } | { step: ControlStep } {
  const source = new Source(text, 'command');
  const [problem] = source.problems;
  if (problem !== undefined) throw new CommandError(problem.message);
  const { data } = source;
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) {
    if (keysIn(data, commandNames).length > 0) return { command: checked(command, data, source) };
    const names = namesOfCommands(language);
    const [word] = Object.keys(data);
    if (word !== undefined && keysIn(data, names).length === 0)
      throw new CommandError(
        `unknown command "${word}"${didYouMean(word, names) || `; there are ${names.join(', ')}`}`,
      );
  }
  return { step: checked(language.step, data, source) };
}

function checked<T extends z.ZodType>(schema: T, data: unknown, source: Source): z.output<T> {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const complaints = complaintsOf(parsed.error.issues, data, (path) => source.textOf(path));
  throw new CommandError(complaints.map(withKeys).join('; '));
}

/** A complaint behind the keys of the command that it is about, as in `workload relid: …`. */
function withKeys({ path, isOfKey, message }: Complaint): string {
  const keys = (isOfKey === true ? path.slice(0, -1) : path).filter((key) => typeof key === 'string');
  return keys.length === 0 ? message : `${keys.join(' ')}: ${message}`;
}
