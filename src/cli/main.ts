import { type Command, CommanderError } from 'commander';
import { exitStatus, type ExitStatus } from '../command/exit-status.js';
import type { Stdio } from '../command/stdio.js';
import { InterruptedError } from '../command/interruptible.js';
import { UsageError } from '../command/usage-error.js';
import { defectText } from '../command/defect.js';
import { loadPlugins, type Plugins } from '../command/plugins.js';
import { thrownIn } from '../command/thrown-in-file.js';
import { blameForExit, exitIsIntended } from '../command/untimely-exit.js';
import { PluginError } from '../lib/plugin-error.js';
import { checkPlugin } from './check-plugins.js';
import { commandsWith } from './commands-with.js';
import { takePluginFiles } from './plugin-files.js';
import { addName, addOptions, emptyProgram } from './program.js';

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

/** @param plugins files of plug-ins. */
function report(error: unknown, plugins: readonly string[], stdio: Stdio): ExitStatus {
  if (error instanceof CommanderError) {
    // Commander has already printed what is wrong. --help and --version end up here as well, with exit code 0.
    return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
  }
  if (error instanceof InterruptedError) {
    stdio.err(`irqlab: ${error.message}\n`);
    return exitStatus.interrupted;
  }
  if (error instanceof UsageError) {
    stdio.err(`irqlab: ${error.message}\n`);
    if (error.hint !== undefined) stdio.err(`${error.hint}\n`);
    return exitStatus.usage;
  }
  if (error instanceof PluginError && plugins.length > 0) {
    stdio.err(`irqlab: plug-in ${error.file ?? plugins.join(', ')}: ${error.message}\n`);
    return exitStatus.usage;
  }
  const thrown = error instanceof Error ? thrownIn(plugins, error) : undefined;
  if (thrown !== undefined) {
    stdio.err(`irqlab: plug-in ${thrown.file}: ${String(error)}\n  ${thrown.place}\n`);
    return exitStatus.usage;
  }
  stdio.err(defectText(error, plugins));
  return exitStatus.defect;
}
