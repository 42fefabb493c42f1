import { writeFileSync } from 'node:fs';
import { ScenarioError } from '../scenario/diagnostics.js';
import { parseScenario } from '../scenario/load.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import {
  InterruptsSyntaxError,
  loseAgain,
  type ParsedInterrupts,
  parseInterrupts,
  reprintInterrupts,
} from '../view/interrupts/parse.js';
import { type CommandIo, type ExitStatus, exitStatus, UsageError } from '../cli/command.js';
import {
  type Captures,
  CaptureSyntaxError,
  guestOfCaptures,
  importInterrupts,
  isProcIrqDump,
  isUdevDump,
  type LsvmbusDevice,
  type ProcIrqDump,
  parseLsvmbus,
  parseProcIrqDump,
  parseUdevDump,
  scenarioText,
} from './index.js';
import { isChannelRow } from './guest-options.js';
import { UnexplainedRow } from './vmbus-rows.js';
import { readBytes } from '../cli/read-text.js';

export interface ImportOptions {
  readonly lsvmbus?: string;
  readonly affinity?: string;
  readonly check?: boolean;
  readonly output?: string;
}

/** Makes a guest show its /proc/interrupts; loaded only when it is needed. */
export type ShowInterrupts = (options: GuestOptions) => Promise<string>;

/** A capture that was read. */
type Capture =
  | { readonly kind: 'interrupts'; readonly parsed: ParsedInterrupts }
  | { readonly kind: 'devices'; readonly devices: readonly LsvmbusDevice[]; readonly madeUpRelids: boolean }
  | { readonly kind: 'procIrq'; readonly dump: ProcIrqDump };

interface CaptureFile {
  readonly file: string;
  readonly text: string;
  readonly capture: Capture;
}

/** `irqlab import`: makes a scenario of captures, or checks that they are understood. */
export async function runImport(
  files: readonly string[],
  options: ImportOptions,
  io: CommandIo,
  show: ShowInterrupts,
): Promise<ExitStatus> {
  const named = [options.lsvmbus, options.affinity].filter((file) => file !== undefined);
  if (options.check) return check([...files, ...named], io);
  const read = files.map((file) => readCapture(file, io));
  if (options.lsvmbus !== undefined)
    read.push(expectKind(readCapture(options.lsvmbus, io), 'devices', '--lsvmbus'));
  if (options.affinity !== undefined)
    read.push(expectKind(readCapture(options.affinity, io), 'procIrq', '--affinity'));
  const { text, notes } = await scenarioOf(read, show);
  for (const note of notes) io.err(`irqlab: ${note}\n`);
  write(text, options.output, io);
  return exitStatus.ok;
}

function write(text: string, output: string | undefined, io: CommandIo): void {
  if (output === undefined || output === '-') {
    io.out(text);
    return;
  }
  try {
    writeFileSync(output, text);
  } catch (error) {
    throw new UsageError(`cannot write ${output}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @throws UsageError with file, line and column for what cannot be understood. */
function readCapture(file: string, io: CommandIo): CaptureFile {
  const { name, bytes } = readBytes(file, io);
  return { file: name, ...understood(name, bytes) };
}

function understood(file: string, bytes: Uint8Array): { text: string; capture: Capture } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`${file}: expected a text in UTF-8`);
  }
  try {
    return { text, capture: captureOf(text) };
  } catch (error) {
    if (!(error instanceof InterruptsSyntaxError || error instanceof CaptureSyntaxError)) throw error;
    throw new UsageError(`${file}:${error.line}:${error.column}: expected ${error.expected}`);
  }
}

function captureOf(text: string): Capture {
  if (text.startsWith('VMBUS ID'))
    return { kind: 'devices', devices: parseLsvmbus(text), madeUpRelids: false };
  if (isUdevDump(text)) return { kind: 'devices', devices: parseUdevDump(text), madeUpRelids: true };
  if (isProcIrqDump(text)) return { kind: 'procIrq', dump: parseProcIrqDump(text) };
  return { kind: 'interrupts', parsed: parseInterrupts(text) };
}

const MADE_UP_RELIDS = 'a udev dump has no relids: they are made up in the order of the dump';

const kindNames: Readonly<Record<Capture['kind'], string>> = {
  interrupts: '/proc/interrupts',
  devices: 'the output of lsvmbus',
  procIrq: 'the output of grep on /proc/irq/*/smp_affinity_list',
};

function expectKind(read: CaptureFile, kind: Capture['kind'], option: string): CaptureFile {
  if (read.capture.kind === kind) return read;
  throw new UsageError(
    `${option}: expected ${kindNames[kind]}, but ${read.file} is ${kindNames[read.capture.kind]}`,
  );
}

/** The captures of one machine. */
function together(read: readonly CaptureFile[]): Captures & { readonly text: string | undefined } {
  const seen = new Map<Capture['kind'], string>();
  let captures: Captures & { text: string | undefined } = { text: undefined };
  for (const { file, text, capture } of read) {
    const other = seen.get(capture.kind);
    if (other !== undefined) {
      throw new UsageError(
        `${other} and ${file} are both ${kindNames[capture.kind]}`,
        'A scenario is made of one of each kind; --check takes any number of files.',
      );
    }
    seen.set(capture.kind, file);
    if (capture.kind === 'interrupts') captures = { ...captures, interrupts: capture.parsed, text };
    else if (capture.kind === 'devices') captures = { ...captures, devices: capture.devices };
    else captures = { ...captures, procIrq: capture.dump };
  }
  if (captures.interrupts === undefined && captures.devices === undefined) {
    throw new UsageError('a scenario needs /proc/interrupts or the output of lsvmbus');
  }
  return captures;
}

async function scenarioOf(
  read: readonly CaptureFile[],
  show: ShowInterrupts,
): Promise<{ text: string; notes: readonly string[] }> {
  const captures = together(read);
  const names = read.map(({ file }) => file.slice(file.lastIndexOf('/') + 1));
  const madeUp = read.some(({ capture }) => capture.kind === 'devices' && capture.madeUpRelids);
  const write = (given: Captures, reasons: readonly string[]) => {
    const { options, notes } = makeGuest({ ...given, text: captures.text }, read);
    const all = [...reasons, ...notes, ...(madeUp ? [MADE_UP_RELIDS] : [])];
    return { text: scenarioText(options, `Imported from ${names.join(', ')}`, all), notes: all };
  };
  let scenario = write(captures, []);
  let problem = await differenceShown(scenario.text, captures, show);
  if (problem !== undefined && captures.devices === undefined && hasChannels(captures)) {
    // Rows that name drivers, yet are not of the devices that these drivers have here.
    const reason = 'the guest cannot have these VMBus devices: their interrupts are kept without a device';
    scenario = write({ ...captures, withoutDevices: true }, [reason]);
    problem = await differenceShown(scenario.text, captures, show);
  }
  if (problem !== undefined) throw new UsageError(`${interruptsFile(read)}:${problem}`);
  return scenario;
}

function hasChannels({ interrupts }: Captures): boolean {
  return interrupts?.table.rows.some((row) => row.kind === 'irq' && isChannelRow(row)) ?? false;
}

/** The file that what is wrong with the guest is found in. */
function interruptsFile(read: readonly CaptureFile[]): string {
  return (read.find(({ capture }) => capture.kind === 'interrupts') ?? read[0]).file;
}

function makeGuest(captures: Captures & { readonly text: string | undefined }, read: readonly CaptureFile[]) {
  try {
    return guestOfCaptures(captures);
  } catch (error) {
    if (!(error instanceof UnexplainedRow)) throw error;
    const lines = captures.text?.split('\n') ?? [];
    const at = lines.findIndex((line) => Number.parseInt(line, 10) === error.irq);
    const column = (lines[at]?.indexOf('VMBus') ?? 0) + 1;
    throw new UsageError(`${interruptsFile(read)}:${at + 1}:${column}: expected ${error.expected}`);
  }
}

/** Runs the guest of a scenario and compares what it shows with the capture; a sentence if that differs. */
async function differenceShown(
  scenario: string,
  captures: Captures & { readonly text: string | undefined },
  show: ShowInterrupts,
): Promise<string | undefined> {
  const { interrupts, text } = captures;
  let shown: string;
  try {
    shown = await show(parseScenario(scenario, 'scenario').guest);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof ScenarioError)) throw error;
    return ` the guest cannot be made: ${error.message}`;
  }
  if (interrupts === undefined || text === undefined) return undefined;
  const comparable = hasChannels(captures) ? shown : withoutChannels(shown);
  return firstDifference(text, loseAgain(comparable, interrupts), 'the guest shows');
}

/** A kernel before the RFC shows no interrupts of channels. */
function withoutChannels(text: string): string {
  const { table, ...rest } = parseInterrupts(text);
  const rows = table.rows.filter((row) => row.kind !== 'irq' || !isChannelRow(row));
  return reprintInterrupts({ table: { ...table, rows }, ...rest });
}

/** Where a text differs from what it should be printed again as: place and sentence; undefined if they are equal. */
function firstDifference(expected: string, actual: string, who: string): string | undefined {
  if (expected === actual) return undefined;
  const wanted = expected.split('\n');
  const found = actual.split('\n');
  const i = wanted.findIndex((line, at) => line !== found[at]);
  const row = i < 0 ? wanted.length : i;
  const [line = '', other = ''] = [wanted[row], found[row]];
  let column = 0;
  while (column < line.length && line[column] === other[column]) column += 1;
  return `${row + 1}:${column + 1}: the line is ${JSON.stringify(line)}, but ${who} ${JSON.stringify(other)}`;
}

/** `--check`: every capture is read, printed again and compared. */
function check(files: readonly string[], io: CommandIo): ExitStatus {
  let failed = 0;
  for (const [at, file] of files.entries()) {
    io.progress?.(`${at + 1} of ${files.length}: ${file}`);
    const { name, bytes } = readBytes(file, io);
    const problem = problemOf(name, bytes);
    io.progress?.('');
    if (problem === undefined) {
      io.out(`${name}: ok\n`);
    } else {
      failed += 1;
      io.out(`${problem}\n`);
    }
  }
  if (failed > 0) io.err(`irqlab: ${failed} of ${files.length} files differ or are not understood\n`);
  return failed === 0 ? exitStatus.ok : exitStatus.failed;
}

function problemOf(file: string, bytes: Uint8Array): string | undefined {
  try {
    const { text, capture } = understood(file, bytes);
    if (capture.kind !== 'interrupts') return undefined;
    const difference =
      firstDifference(text, reprintInterrupts(capture.parsed), 'it prints again as') ??
      firstDifference(text, shownByMachine(text) ?? text, 'a machine like it shows');
    return difference && `${file}:${difference}`;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

/** What a machine with the same interrupts shows; undefined if none can have them all. */
function shownByMachine(text: string): string | undefined {
  try {
    return importInterrupts(text).text();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
