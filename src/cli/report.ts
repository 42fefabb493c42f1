import { CommanderError } from 'commander';
import { defectText } from '../command/defect.js';
import { exitStatus, type ExitStatus } from '../command/exit-status.js';
import { InterruptedError } from '../command/interruptible.js';
import type { Stdio } from '../command/stdio.js';
import { thrownIn } from '../command/thrown-in-file.js';
import { UsageError } from '../command/usage-error.js';
import { PluginError } from '../lib/plugin-error.js';

/**
 * Says on standard error what has ended a command.
 *
 * @param plugins files of plug-ins.
 * @returns the exit status that goes with it.
 */
export function report(error: unknown, plugins: readonly string[], stdio: Stdio): ExitStatus {
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
