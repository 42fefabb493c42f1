import { type JsonHead, jsonText } from '../command/json.js';
import { ErrnoError } from '../lib/errno.js';
import type { Ns } from '../lib/brand.js';
import { guestsWith, openScenario } from '../command/scenario-file.js';
import { bootGuest } from '../command/boot-guest.js';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import type { PluginOptions } from '../command/plugins.js';
import { runGuest } from '../command/run-guest.js';
import type { Stdio } from '../command/stdio.js';
import type { FileTree } from '../view/tree.js';
import { failurePaint, failureText } from './run/text.js';

export interface CatOptions extends PluginOptions {
  /** Time from the end of booting; default: then. */
  readonly at?: Ns;
  /** As JSON. */
  readonly json?: boolean;
}

/** `irqlab cat`: prints files of a scenario's guest; directories are listed. */
export async function runCat(
  file: string,
  paths: readonly string[],
  { at: runNs, json = false, plugins }: CatOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const scenario = openScenario(file, stdio, plugins);
  const guest = await bootGuest(scenario, guestsWith(plugins));
  let ok = true;
  if (runNs !== undefined) {
    const result = runGuest(guest, { ...scenario, print: [] }, { runNs, tell: stdio.progress });
    const steps = result.steps.filter(({ outcome }) => outcome === 'failed');
    stdio.err(failureText(scenario.file, { ...result, steps }), failurePaint);
    ok = result.ok;
  }
  const files = paths.map((path) => read(guest.fs, path));
  if (json) stdio.out(jsonText<CatJson>('cat', { files }));
  for (const { path, error, text, entries } of files) {
    if (error !== undefined) ok = false;
    if (json) continue;
    if (error !== undefined) stdio.err(`irqlab: cat: ${path}: ${error.message}\n`);
    else stdio.out(text ?? entries?.map((name) => `${name}\n`).join('') ?? '');
  }
  return ok ? exitStatus.ok : exitStatus.failed;
}

/** What is at a path of the guest: a text, the names in a directory, or why it cannot be read. */
export interface CatJsonFile {
  readonly path: string;
  readonly text?: string;
  /** Names in a directory. */
  readonly entries?: readonly string[];
  /** `code` is the errno's name. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** What `irqlab cat --json` prints. */
export interface CatJson extends JsonHead<'cat'> {
  readonly files: readonly CatJsonFile[];
}

function read(fs: FileTree, path: string): CatJsonFile {
  try {
    return fs.stat(path).kind === 'directory'
      ? { path, entries: fs.readdir(path) }
      : { path, text: fs.readFile(path) };
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    return { path, error: { code: error.code, message: error.message } };
  }
}
