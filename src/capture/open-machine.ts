import { guestsWith, openScenario } from '../command/scenario-file.js';
import { bootGuest } from '../command/boot-guest.js';
import { runGuest } from '../command/run-guest.js';
import type { Stdio } from '../command/stdio.js';
import { openRecording } from './bundle/open-recording.js';
import { recordingOf } from './bundle/recording.js';
import { type CapturedMachine, machineOfFiles, machineOfRecording } from './captured-machine.js';
import { understoodCapture } from './understood.js';
import { filesOfGuest, snapshotOfGuest } from './guest-files.js';

/**
 * The machine that a file shows: a recording, a sosreport, a capture, or a scenario (.yaml), whose guest is run to its
 * end; rates are those of the run.
 *
 * @throws UsageError for a file that cannot be used.
 */
export async function openMachine(named: string, stdio: Stdio): Promise<CapturedMachine> {
  if (/\.ya?ml$/.test(named)) return machineOfScenario(named, stdio);
  const opened = await openRecording(named, stdio);
  if (opened.recording !== undefined) return machineOfRecording(opened.recording, false);
  return machineOfFiles([understoodCapture(opened.name, opened.bytes)], false);
}

async function machineOfScenario(named: string, stdio: Stdio): Promise<CapturedMachine> {
  const scenario = openScenario(named, stdio);
  const guest = await bootGuest(scenario, guestsWith());
  const before = snapshotOfGuest(guest, 0);
  runGuest(guest, scenario);
  const files = filesOfGuest(guest, named);
  for (const [path, text] of [...before, ...snapshotOfGuest(guest, 1)])
    files.add(path, { kind: 'file', bytes: Buffer.from(text) });
  const machine = machineOfRecording(recordingOf(files), false);
  const { captures } = machine;
  // What a guest's files do not say.
  const { cmdline, kernel } = scenario.guest;
  const said = {
    ...(cmdline !== undefined && { cmdline }),
    ...(kernel !== undefined && { release: kernel }),
  };
  return { ...machine, title: named, captures: { ...captures, machine: { ...captures.machine, ...said } } };
}
