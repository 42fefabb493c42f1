import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { isRecord } from './difference.js';
import { hotplugDevicesReplayer } from './sequences/hotplug-devices.js';
import { affinityWriteReplayer } from './files/affinity-write.js';
import { interruptsReplayer } from './files/interrupts.js';
import { procIrqTreeReplayer } from './files/proc-irq-tree.js';
import type { Replayer } from './replayer.js';
import { bootsOf, isBootHead } from './vmbus/boot.js';
import { isTracefsOp, tracefsOf, tracefsReplayer } from './tracefs/replayer.js';
import { vmbusReplayer } from './vmbus/replayer.js';
import { genirqApiReplayer, hotplugReplayer } from './sequences/sequence.js';

/** All kinds of recordings that the model can be held against. */
export const replayers: readonly Replayer[] = [
  genirqApiReplayer,
  hotplugReplayer,
  hotplugDevicesReplayer,
  affinityWriteReplayer,
  interruptsReplayer,
  procIrqTreeReplayer,
  vmbusReplayer,
  tracefsReplayer,
];

/** Recordings of one kind, one value a case. */
export interface Recordings {
  readonly replayer: Replayer;
  readonly cases: readonly unknown[];
  /** File that the cases come from, as its directory has it; default: what the replayer's are called. */
  readonly file?: string;
}

/** A file of recordings, or all the pairs of a directory. It is read when it is used. */
export interface RecordingFile {
  /** Path below the directory. */
  readonly file: string;
  /** Undefined for what holds something else. @throws RecordingError for what cannot be read. */
  read(): Recordings | undefined;
}

/** Recordings that cannot be read; the message begins with the file, and the line if there is one. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

const lineFile = /\.jsonl(\.gz)?$/;
/** Name of the files that hold a snapshot and its text in each line. */
const SNAPSHOTS = 'interrupts';

/** All recordings in `directory` and one level below: NAME.jsonl, NAME.jsonl.gz, pairs of NAME.json and NAME.txt. */
export function findRecordings(directory: string): RecordingFile[] {
  const found: RecordingFile[] = [];
  const folders = ['', ...directoriesIn(directory)];
  for (const folder of folders) {
    const inside = join(directory, folder);
    const names = entriesOf(inside);
    for (const name of names.filter((entry) => lineFile.test(entry))) {
      const file = join(folder, name);
      found.push({ file, read: () => readLines(join(inside, name), file) });
    }
    const pairs = names.filter((entry) => entry.endsWith('.json'));
    if (pairs.some((entry) => names.includes(textOf(entry)))) {
      found.push({
        file: join(folder, '*.json'),
        read: () => ({
          replayer: interruptsReplayer,
          cases: pairs.map((name) => readPair(inside, folder, name, names)),
          file: join(folder, '*.json'),
        }),
      });
    }
  }
  return found;
}

/**
 * Reads all recordings in `directory`, in the order of `replayers`.
 *
 * @throws RecordingError for what cannot be read.
 */
export function readRecordings(directory: string): Recordings[] {
  const all = findRecordings(directory).flatMap((file) => file.read() ?? []);
  return all.sort((a, b) => replayers.indexOf(a.replayer) - replayers.indexOf(b.replayer));
}

function textOf(jsonName: string): string {
  return jsonName.replace(/\.json$/, '.txt');
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function directoriesIn(directory: string): string[] {
  return entriesOf(directory).filter(
    (name) => statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory() ?? false,
  );
}

function readLines(path: string, file: string): Recordings | undefined {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? unpacked(bytes, file) : bytes).toString('utf8');
  const cases = text.split('\n').flatMap((line, at): unknown[] => {
    return line.trim() === '' ? [] : [parseJson(line, `${file}:${at + 1}`)];
  });
  if (isBootHead(cases[0])) return { replayer: vmbusReplayer, cases: bootsOf(cases), file };
  if (isTracefsOp(cases[0])) return { replayer: tracefsReplayer, cases: tracefsOf(cases), file };
  const replayer = replayerOf(file, cases[0]);
  return replayer && { replayer, cases, file };
}

function readPair(inside: string, folder: string, name: string, names: readonly string[]): unknown {
  const text = textOf(name);
  if (!names.includes(text)) throw new RecordingError(`${join(folder, name)} has no ${text} beside it`);
  const recorded = parseJson(readFileSync(join(inside, name), 'utf8'), join(folder, name));
  if (!isRecord(recorded)) throw new RecordingError(`${join(folder, name)}: expected a JSON object`);
  return { ...recorded, text: readFileSync(join(inside, text), 'latin1') };
}

function unpacked(bytes: Buffer, file: string): Buffer {
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new RecordingError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What the engine says differs from version to version, and quotes the file.
    throw new RecordingError(`${place}: this is no JSON`);
  }
}

/** Which kind of recording a file has: by its name, else by what its first case looks like. */
function replayerOf(file: string, first: unknown): Replayer | undefined {
  const name = basename(file).replace(lineFile, '');
  if (name === SNAPSHOTS) return interruptsReplayer;
  return replayers.find((known) => known.file === `${name}.jsonl`) ?? replayerByContent(first);
}

function replayerByContent(first: unknown): Replayer | undefined {
  if (!isRecord(first) || typeof first.kernel !== 'string') return undefined;
  if ('arch_rows' in first && 'text' in first) return interruptsReplayer;
  if ('irq_kind' in first && 'write' in first) return affinityWriteReplayer;
  if (Array.isArray(first.ops)) {
    if (!('id' in first)) return hotplugDevicesReplayer;
    return 'config' in first ? hotplugReplayer : genirqApiReplayer;
  }
  return 'kind' in first ? procIrqTreeReplayer : undefined;
}
