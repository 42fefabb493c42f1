import { ErrnoError } from '../lib/errno.js';
import type { Ns } from '../lib/brand.js';
import type { ScenarioGuest } from '../scenario/port.js';
import { runScenario } from '../scenario/runner.js';
import type { FileTree } from '../view/tree.js';
import { type CommandIo, type ExitStatus, exitStatus } from './command.js';
import { createGuest, type CreateGuest, failureText, loadScenarioFile } from './run-file.js';

export interface CatOptions {
  /** Time from the end of booting; default: then. */
  readonly at?: Ns;
}

/** A guest whose files can be looked at. */
export interface GuestWithFiles extends ScenarioGuest {
  readonly fs: FileTree;
}

/** `irqlab cat`: prints files of a scenario's guest; directories are listed. */
export async function runCat(
  file: string,
  paths: readonly string[],
  { at: runNs }: CatOptions,
  io: CommandIo,
  create: CreateGuest<GuestWithFiles>,
): Promise<ExitStatus> {
  const scenario = loadScenarioFile(file, io);
  const guest = await createGuest(scenario, create);
  let ok = true;
  if (runNs !== undefined) {
    const result = runScenario(guest, { ...scenario, print: [] }, { runNs });
    const steps = result.steps.filter(({ outcome }) => outcome === 'failed');
    io.err(failureText(scenario.file, { ...result, steps }));
    ok = result.ok;
  }
  for (const path of paths) {
    try {
      io.out(textOf(guest.fs, path));
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      io.err(`irqlab: cat: ${path}: ${error.message}\n`);
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
