import { ErrnoError } from '../../lib/errno.js';
import type { TraceFlags } from '../../trace/flags.js';
import { type FileNode, StaticDirectory } from '../tree-node.js';
import { numberFile, wordFile } from './files.js';

/** Bytes that are too many for an option. */
const MOST_BYTES = 64;

/** `trace_options` */
export function traceOptionsFile(flags: TraceFlags): FileNode {
  return wordFile(
    () => flags.text,
    (word) => flags.write(word),
    MOST_BYTES,
  );
}

/** `options`: a file for each of them (trace_options_core_write). */
export function optionsDirectory(flags: TraceFlags): StaticDirectory {
  const directory = new StaticDirectory(0o750);
  for (const name of flags.inFiles) directory.add(name, optionFile(flags, name));
  return directory;
}

function optionFile(flags: TraceFlags, name: string): FileNode {
  return numberFile(
    () => `${Number(flags.has(name))}\n`,
    (value) => {
      if (value > 1) throw new ErrnoError('EINVAL', `an option is set by 1 and cleared by 0, not ${value}`);
      flags.set(name, value === 1);
    },
  );
}
