import { ErrnoError } from '../lib/errno.js';
import type { Ns } from '../lib/brand.js';
import { guestsWith, openScenario } from '../command/scenario-file.js';
import { bootGuest } from '../command/boot-guest.js';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import type { PluginOptions } from '../command/plugins.js';
import { runGuest } from '../command/run-guest.js';
import type { Stdio } from '../command/stdio.js';
import type { FileTree } from '../view/tree.js';
import { failureText } from './run/text.js';

export interface CatOptions extends PluginOptions {
  /** Time from the end of booting; default: then. */
  readonly at?: Ns;
}

/** `irqlab cat`: prints files of a scenario's guest; directories are listed. */
export async function runCat(
  file: string,
  paths: readonly string[],
  { at: runNs, plugins }: CatOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const scenario = openScenario(file, stdio, plugins);
  const guest = await bootGuest(scenario, guestsWith(plugins));
  let ok = true;
  if (runNs !== undefined) {
    const result = runGuest(guest, { ...scenario, print: [] }, { runNs });
    const steps = result.steps.filter(({ outcome }) => outcome === 'failed');
    stdio.err(failureText(scenario.file, { ...result, steps }));
    ok = result.ok;
  }
  for (const path of paths) {
    try {
      stdio.out(textOf(guest.fs, path));
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      stdio.err(`irqlab: cat: ${path}: ${error.message}\n`);
      ok = false;
    }
  }
  return ok ? exitStatus.ok : exitStatus.failed;
}

function textOf(fs: FileTree, path: string): string {
  if (fs.stat(path).kind !== 'directory') return fs.readFile(path);
  return fs
    .readdir(path)
    .map((name) => `${name}\n`)
    .join('');
}
