import { UsageError } from '../command/usage-error.js';
import { FindingList } from './bundle/findings.js';
import { machineFacts } from './bundle/machine-facts.js';
import { pciFunctions } from './bundle/pci-functions.js';
import { procIrqFiles } from './bundle/proc-irq-files.js';
import type { Recording } from './bundle/machine-files.js';
import type { NamedRecording } from './bundle/recording.js';
import { readSnapshots, type Snapshot } from './bundle/snapshots.js';
import { vmbusDevices } from './bundle/sysfs-devices.js';
import { type Capture, captureNames } from './capture.js';
import { type CaptureFile, understoodCapture } from './understood.js';
import type { Captures } from './guest-options.js';

/** One machine as it was captured. */
export interface CapturedMachine {
  readonly captures: Captures;
  /** The text of its /proc/interrupts; undefined if it was not captured. */
  readonly text: string | undefined;
  /** What it was captured in, for people. */
  readonly title: string;
  /** The file to name in messages about the guest. */
  readonly file: string;
  /** What its user should know of the captures. */
  readonly notes: readonly string[];
  /** Counts at several times, the earliest first. */
  readonly snapshots: readonly Snapshot[];
  readonly findings: FindingList;
  /** It is a whole recording, not single texts. */
  readonly isRecording: boolean;
}

const MADE_UP_RELIDS = 'a udev dump has no relids: they are made up in the order of the dump';

/**
 * The machine of some captures.
 *
 * @param hyperv the user says that it is a guest of Hyper-V.
 * @throws UsageError unless there is at most one capture of each kind, and one that tells of interrupts or devices.
 */
export function machineOfFiles(read: readonly CaptureFile[], hyperv: boolean): CapturedMachine {
  const seen = new Map<Capture['kind'], string>();
  const findings = new FindingList();
  let captures: Captures = { hyperv };
  let text: string | undefined;
  for (const { file, text: whole, capture } of read) {
    const other = seen.get(capture.kind);
    if (other !== undefined) {
      throw new UsageError(
        `${other} and ${file} are both ${captureNames[capture.kind]}`,
        'A scenario is made of one of each kind; --check takes any number of files.',
      );
    }
    seen.set(capture.kind, file);
    findings.take(captureNames[capture.kind], file);
    if (capture.kind === 'interrupts') {
      captures = { ...captures, interrupts: capture.parsed };
      text = whole;
    } else if (capture.kind === 'devices') captures = { ...captures, devices: capture.devices };
    else captures = { ...captures, procIrq: capture.dump };
  }
  if (captures.interrupts === undefined && captures.devices === undefined) {
    throw new UsageError('a scenario needs /proc/interrupts or the output of lsvmbus');
  }
  const madeUp = read.some(({ capture }) => capture.kind === 'devices' && capture.madeUpRelids);
  return {
    captures,
    text,
    title: read.map(({ file }) => file.slice(file.lastIndexOf('/') + 1)).join(', '),
    file: (read.find(({ capture }) => capture.kind === 'interrupts') ?? read[0]).file,
    notes: [
      ...read.flatMap(({ file, notes }) => notes.map((note) => `${file}: ${note}`)),
      ...(madeUp ? [MADE_UP_RELIDS] : []),
    ],
    snapshots: [],
    findings,
    isRecording: false,
  };
}

/**
 * The machine of what the user named: one recording, or captures.
 *
 * @param more further captures.
 * @param hyperv the user says that it is a guest of Hyper-V.
 * @throws UsageError for what is not understood, or not one machine's.
 */
export function machineOf(
  named: readonly NamedRecording[],
  more: readonly CaptureFile[],
  hyperv: boolean,
): CapturedMachine {
  const read: CaptureFile[] = [];
  for (const one of named) {
    if (one.recording === undefined) read.push(understoodCapture(one.name, one.bytes));
    else if (named.length > 1 || more.length > 0)
      throw new UsageError(`${one.recording.files.name} is a whole recording: it goes with no other file`);
    else return machineOfRecording(one.recording, hyperv);
  }
  return machineOfFiles([...read, ...more], hyperv);
}

/** The machine of a recording. @throws UsageError if its /proc/interrupts is not understood. */
export function machineOfRecording({ kind, files }: Recording, hyperv: boolean): CapturedMachine {
  const findings = new FindingList();
  const file = `${files.name}:/proc/interrupts`;
  const bytes = files.bytes('/proc/interrupts') ?? new Uint8Array();
  const { text, capture, notes } = understoodCapture(file, bytes, 'interrupts');
  if (capture.kind !== 'interrupts') throw new UsageError(`${file}: expected /proc/interrupts`);
  const { table } = capture.parsed;
  findings.take(
    `${table.rows.filter((row) => row.kind === 'irq').length} interrupts of ${table.cpus.length} CPUs`,
    '/proc/interrupts',
  );
  const machine = machineFacts(files, findings);
  const devices = vmbusDevices(files, findings);
  const procIrq = procIrqFiles(files, findings);
  const snapshots = readSnapshots(files, findings);
  for (const path of files.tooLong) findings.leave(path, 'longer than 64 MiB');
  const pci = pciFunctions(files, findings);
  return {
    captures: {
      hyperv,
      interrupts: capture.parsed,
      machine,
      pci,
      ...(devices !== undefined && { devices }),
      ...(procIrq !== undefined && { procIrq }),
    },
    text,
    title: `${files.name.slice(files.name.lastIndexOf('/') + 1)} (${kind})`,
    file,
    notes: notes.map((note) => `${file}: ${note}`),
    snapshots,
    findings,
    isRecording: true,
  };
}
