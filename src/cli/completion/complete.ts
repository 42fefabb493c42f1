import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { wholeProgram } from '../whole-program.js';
import { type Candidates, candidatesByName } from './candidates.js';
import { printedBy } from './printed-by.js';

/** What the script of the shell is told: no files but these; and no blank behind it. */
const NO_FILES = ':4\n';
const NO_FILES_NO_SPACE = ':6\n';

/**
 * What may come next on a command line, for the scripts that `irqlab completion` prints: a line for each, and one with what
 * the shell is to do.
 *
 * @param words what stands behind `irqlab`; the last is the one that is being written, '' if it has not begun.
 */
export async function completions(words: readonly string[]): Promise<string> {
  const program = await wholeProgram();
  const known = await candidatesByName();
  const root = tab(program);
  // What the library would have added for itself.
  root.commands.delete('complete');
  const typed = (words.at(-1) ?? '').replace(/^--[^=]*=/, '');
  const handlerOf =
    (candidates: Candidates) =>
    (complete: (value: string, description: string) => void): void => {
      for (const [value, description] of candidates(typed, words)) complete(value, description);
    };
  const topicsOf = ({ commands }: Command): Candidates => {
    return () => commands.map((inner) => [inner.name(), inner.description()]);
  };
  for (const [path, command] of [['', program] as const, ...commandsIn(program)]) {
    // Commander's own command, which is not among the others.
    const topic = root.commands.get(`${path} help`.trim())?.arguments.get('command');
    if (topic !== undefined) topic.handler = handlerOf(topicsOf(command));
    const target = root.commands.get(path);
    for (const argument of command.registeredArguments) {
      const candidates = known[`${path} ${argument.name()}`] ?? known[argument.name()];
      const told = target?.arguments.get(argument.name());
      if (told !== undefined && candidates !== undefined) told.handler = handlerOf(candidates);
    }
    for (const { long, flags } of command.options) {
      const [, placeholder = ''] = /<(.*)>/.exec(flags) ?? [];
      const candidates = known[`${path} ${long}`] ?? known[placeholder];
      const told = target?.options.get(long?.slice(2) ?? '');
      if (told !== undefined && candidates !== undefined) told.handler = handlerOf(candidates);
    }
  }
  const text = printedBy(() => root.parse([...words]));
  const isOneDirectory = /^[^\n]*\/\t\n:4\n$/.test(text);
  return isOneDirectory ? text.replace(NO_FILES, NO_FILES_NO_SPACE) : text;
}

/** All commands with their names, `explore merge` for one of a command. */
function commandsIn(command: Command, path = ''): (readonly [string, Command])[] {
  return command.commands.flatMap((inner) => {
    const name = `${path} ${inner.name()}`.trim();
    return [[name, inner] as const, ...commandsIn(inner, name)];
  });
}
