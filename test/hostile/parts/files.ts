import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { packTar, unpackTar } from 'modern-tar';
import { main } from '../../../src/cli/main.js';
import { shownOn } from '../../../src/cli/shown-on.js';
import { exitStatus } from '../../../src/command/exit-status.js';
import { Prng } from '../../../src/lib/prng.js';
import { mutated } from '../mutate.js';
import { compiledCli, inRoot } from '../root.js';
import type { Action, Part, Watch } from '../trial.js';

/** A kind of file that irqlab reads: sound ones, where they must lie, and what is done with them. */
interface Format {
  readonly name: string;
  /** Path below a directory of its own. */
  readonly file: string;
  readonly samples: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** What is done to a sample; default: its bytes are mutated. */
  readonly tamper?: (bytes: Uint8Array, seed: number) => Promise<Uint8Array>;
  /** Command lines for a file in a directory. */
  readonly commands: readonly ((file: string, directory: string) => readonly string[])[];
  /** It is a program: it runs in a process of its own, and how long it takes is its author's affair. */
  readonly isProgram?: boolean;
}

/** Virtual time that mutated scenarios may run. */
const RUN_S = '0.001';
const PROGRAM_LIMIT_MS = 10_000;
/** What commands write, if they are told to. */
const OUTPUT = 'output';
/** Files of a machine that most follows from. */
const TELLING =
  /proc\/(?:interrupts|uptime|cpuinfo|cmdline)$|vmbus-channels$|cpulist$|system\/cpu\/[a-z_]+$|osrelease$|channels\/\d+\/cpu$|_id$|\/id$/;
/** Files of a machine that are tampered with at once. */
const MOST_TAMPERED = 8;
/** Lines of a recording that are replayed. */
const RECORDED_LINES = 4;

function linesOf(file: string): string[] {
  return gunzipSync(readFileSync(inRoot(file)))
    .toString('utf8')
    .trim()
    .split('\n');
}

/** Texts that real machines printed, as their collection has them. */
function captured(file: string): () => readonly Uint8Array[] {
  return () => linesOf(file).map((line) => Buffer.from((JSON.parse(line) as { text: string }).text));
}

function examples(suffix: RegExp): () => readonly Uint8Array[] {
  return () =>
    readdirSync(inRoot('examples'))
      .filter((name) => suffix.test(name))
      .sort()
      .map((name) => readFileSync(inRoot(`examples/${name}`)));
}

/** The first lines of a recording. */
function recorded(file: string): () => readonly Uint8Array[] {
  return () => [Buffer.from(`${linesOf(file).slice(0, RECORDED_LINES).join('\n')}\n`)];
}

/** What a command saves; nothing where it cannot run, as where nothing is compiled for its threads. */
function saved(...args: readonly string[]): () => Promise<readonly Uint8Array[]> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'irqlab-hostile-'));
    const file = join(directory, 'saved.json');
    await main([...args, file], { out: () => {}, err: () => {}, readStdin: () => '' });
    const bytes = existsSync(file) ? [readFileSync(file)] : [];
    rmSync(directory, { recursive: true });
    return bytes;
  };
}

const recordings: readonly Format[] = [
  'golden/affinity-write',
  'golden/genirq-api',
  'golden/hotplug-devices',
  'golden/hotplug',
  'golden/interrupts',
  'golden/proc-irq-tree',
  'golden-vmbus/version-6.12',
  'golden-vmbus/life-6.12',
].map((path) => ({
  name: `recording ${path}`,
  file: `recordings/${path.split('/')[1]}.jsonl`,
  samples: recorded(`test/${path}.jsonl.gz`),
  commands: [(file) => ['conformance', dirname(file)]],
}));

const machineCommands: Format['commands'] = [
  (file) => ['import', file],
  (file, directory) => ['import', file, '--json', '-o', join(directory, OUTPUT)],
  (file) => ['explain', file],
  (file) => ['plan', 'offline', '5', file],
  (file) => ['diff', file, inRoot('examples/slow-vm/recording.tar.gz')],
];

/** Files of an archive with other bytes in them: the archive itself stays sound. */
async function tamperedInside(tar: Uint8Array, seed: number): Promise<Uint8Array> {
  const prng = new Prng(seed);
  const entries = await unpackTar(tar);
  const full = entries.filter(({ data }) => data !== undefined && data.length > 0);
  const telling = full.filter(({ header }) => TELLING.test(header.name));
  const pools = [full, telling];
  const chosen = new Set(
    Array.from({ length: 1 + prng.below(MOST_TAMPERED) }, () => prng.pick(prng.pick(pools))),
  );
  return packTar(
    entries.map((entry) => {
      if (!chosen.has(entry) || entry.data === undefined) return entry;
      const body = mutated(entry.data, prng.next());
      return { header: { ...entry.header, size: body.length }, body };
    }),
  );
}

/** Recordings of machines, packed and not. */
const machines: readonly Format[] = [
  {
    name: 'recording of a machine',
    file: 'machine.tar.gz',
    samples: () => [readFileSync(inRoot('examples/slow-vm/recording.tar.gz'))],
    commands: machineCommands,
  },
  {
    name: 'sosreport',
    file: 'sosreport.tar.xz',
    samples: () => [readFileSync(inRoot('examples/slow-vm/sosreport.tar.xz'))],
    commands: machineCommands,
  },
  {
    name: 'archive of a machine',
    file: 'machine.tar',
    samples: () => [gunzipSync(readFileSync(inRoot('examples/slow-vm/recording.tar.gz')))],
    commands: machineCommands,
  },
  {
    name: 'files of a machine',
    file: 'machine.tar',
    samples: () => [gunzipSync(readFileSync(inRoot('examples/slow-vm/recording.tar.gz')))],
    tamper: tamperedInside,
    commands: machineCommands,
  },
];

const formats: readonly Format[] = [
  {
    name: 'scenario',
    file: 'scenario.yaml',
    samples: examples(/\.yaml$/),
    commands: [
      (file) => ['run', file, '--seconds', RUN_S],
      (file) => ['run', file, '--seconds', RUN_S, '--json'],
      (file) => ['cat', file, '/proc/interrupts'],
    ],
  },
  {
    name: 'capture of /proc/interrupts',
    file: 'interrupts.txt',
    samples: captured('test/captures/interrupts.jsonl.gz'),
    commands: [(file) => ['import', file], (file) => ['import', '--check', file]],
  },
  {
    name: 'capture of lsvmbus',
    file: 'lsvmbus.txt',
    samples: captured('test/captures/lsvmbus.jsonl.gz'),
    commands: [(file) => ['import', file], (file) => ['import', '--check', file]],
  },
  {
    name: 'trace',
    file: 'trace.json',
    samples: saved('explore', 'modchan-offline', '--variant', 'no-wait', '--save'),
    commands: [
      (file) => ['replay', file],
      (file) => ['replay', file, '--step'],
      (file) => ['replay', file, '--json'],
    ],
  },
  {
    name: 'report of a search',
    file: 'report.json',
    samples: saved('explore', 'modchan-offline', '--variant', 'no-wait', '--save-report'),
    commands: [(file) => ['explore', 'merge', file], (file) => ['explore', 'merge', file, '--json']],
  },
  ...recordings,
  {
    name: 'packed recording',
    file: 'recordings/affinity-write.jsonl.gz',
    samples: () => recorded('test/golden/affinity-write.jsonl.gz')().map((bytes) => gzipSync(bytes)),
    commands: [(file) => ['conformance', dirname(file)]],
  },
  ...machines,
  {
    name: 'race of its own',
    file: 'race.js',
    samples: () => [readFileSync(inRoot('examples/own-race/race.js'))],
    commands: [(file) => ['explore', file, '--max-executions', '20']],
    isProgram: true,
  },
];

const sampled = new Map<Format, readonly Uint8Array[]>();

async function samplesOf(format: Format): Promise<readonly Uint8Array[]> {
  const found = sampled.get(format) ?? (await format.samples());
  sampled.set(format, found);
  return found;
}

/** Files that somebody has tampered with, given to every command that reads them. */
export const files: Part = {
  name: 'files',
  about: 'mutated scenarios, captures, traces, reports, recordings and races, given to the command line',
  actions: 20,
  budgetMs: 60_000,

  async run({ actions }, watch) {
    const directory = mkdtempSync(join(tmpdir(), 'irqlab-hostile-'));
    try {
      for (const action of actions) {
        watch.step();
        const broken = await give(action, directory, watch);
        if (broken !== undefined) return broken;
      }
      return undefined;
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
};

async function give(
  [kind, which, seed, how]: Action,
  directory: string,
  watch: Watch,
): Promise<string | undefined> {
  const format = formats[kind % formats.length];
  const samples = await samplesOf(format);
  if (samples.length === 0) return undefined;
  const sample = samples[which % samples.length];
  const bytes = (await format.tamper?.(sample, seed)) ?? mutated(sample, seed);
  const file = join(directory, format.file);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  const args = format.commands[how % format.commands.length](file, directory);
  const said = format.isProgram === true ? inProcess(args) : await here(args);
  const broken = said && (wrongAnswer(said, file) ?? strangerIn(directory, format));
  rmSync(file);
  if (said !== undefined) watch.reached(`${format.name}: status ${said.status}`);
  if (broken === undefined) return undefined;
  const shown = args.map((arg) => arg.replaceAll(`${directory}/`, '')).join(' ');
  return `irqlab ${shown}: ${broken}\n--- ${format.file}\n${Buffer.from(bytes).toString('latin1').slice(0, 4000)}`;
}

/** What a command has written that nobody told it to; undefined if there is nothing. */
function strangerIn(directory: string, { file }: Format): string | undefined {
  const known = new Set([file.split('/')[0], 'recordings', OUTPUT]);
  const stranger = readdirSync(directory).find((name) => !known.has(name));
  return stranger === undefined ? undefined : `it has written ${stranger}`;
}

interface Said {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

async function here(args: readonly string[]): Promise<Said> {
  let out = '';
  let err = '';
  const status = await main(args, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    readStdin: () => '',
  });
  return { status, out: onTerminal(out), err: onTerminal(err) };
}

function onTerminal(text: string): string {
  return shownOn({ isTTY: true }, text);
}

function inProcess(args: readonly string[]): Said | undefined {
  const cli = compiledCli();
  if (cli === undefined) return undefined;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    timeout: PROGRAM_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  return signal === 'SIGKILL' ? undefined : { status, out: onTerminal(stdout), err: onTerminal(stderr) };
}

const statuses: readonly (number | null)[] = [exitStatus.ok, exitStatus.failed, exitStatus.usage];
/** What must not reach a terminal: control characters but line ends and tabs. */
const control = /[^\P{Cc}\n\t]/u;

/** A line of a stack. */
const frame = /^ +at .*:\d+:\d+\)?$/;

/** @param file what was given, whose own line may be named: where a user's race throws. */
function wrongAnswer({ status, out, err }: Said, file: string): string | undefined {
  if (!statuses.includes(status)) return `status ${status}: ${err}`;
  const isForeign = (line: string): boolean => frame.test(line) && !line.includes(file);
  if (err.includes('this is a defect') || err.split('\n').some(isForeign)) return err;
  if (control.test(err)) return `control characters on the terminal: ${JSON.stringify(err)}`;
  if (control.test(out)) return `control characters in the output: ${JSON.stringify(out)}`;
  if (status === exitStatus.usage && err === '') return 'a refusal without a word';
  const [word] = /\bundefined\b|\[object |\bNaN\b/.exec(err) ?? [];
  // A message may quote what it is about.
  if (word !== undefined && !readFileSync(file, 'latin1').includes(word))
    return `a message for nobody: ${err}`;
  return undefined;
}
