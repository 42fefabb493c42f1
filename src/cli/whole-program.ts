import type { Command } from 'commander';
import { noPlugins } from '../command/plugins.js';
import { commands } from './commands/index.js';
import { addName, addOptions, emptyProgram } from './program.js';

/** The command line with arguments and options of all commands but hidden ones, for who describes it: it prints nothing. */
export async function wholeProgram(): Promise<Command> {
  const silent = { out: () => {}, err: () => {}, readStdin: () => '' };
  const program = emptyProgram(silent);
  for (const entry of commands) {
    await addOptions(addName(program, entry), entry, silent, noPlugins, () => {});
  }
  return program;
}
