import type { Command } from 'commander';
import { exitStatus } from '../command/exit-status.js';
import type { Stdio } from '../command/stdio.js';
import { loadPlugins, type Plugins } from '../command/plugins.js';
import { blameForExit, exitIsIntended } from '../command/untimely-exit.js';
import { checkPlugin } from './check-plugins.js';
import { commandsWith } from './commands-with.js';
import { takePluginFiles } from './plugin-files.js';
import { addName, addOptions, emptyProgram } from './program.js';
import { report } from './report.js';

/**
 * The command line.
 *
 * @param args without the interpreter and the program.
 * @returns the exit status.
 */
export async function main(args: readonly string[], stdio: Stdio): Promise<number> {
  let status: number = exitStatus.ok;
  let plugins: readonly string[] = [];
  try {
    const { files, others } = takePluginFiles(args);
    plugins = files;
    const loaded = await loadPlugins(files, checkPlugin);
    blameForExit(files.length === 0 ? '' : `plug-in ${files.join(', ')}`);
    const program = await buildProgram(others, stdio, loaded, (finished) => {
      status = finished;
    });
    await program.parseAsync(others, { from: 'user' });
    return status;
  } catch (error) {
    return report(error, plugins, stdio);
  } finally {
    exitIsIntended();
  }
}

async function buildProgram(
  args: readonly string[],
  stdio: Stdio,
  plugins: Plugins,
  finish: (status: number) => void,
): Promise<Command> {
  const program = emptyProgram(stdio);
  const used = args.find((arg) => !arg.startsWith('-'));
  const asked = used === 'help' ? args[args.indexOf(used) + 1] : used;
  for (const entry of await commandsWith(plugins)) {
    const command = addName(program, entry);
    if (entry.name === asked) await addOptions(command, entry, stdio, plugins, finish);
  }
  return program;
}
