import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chunksOfFile, wholeOf } from './command/named-file.js';
import { UsageError } from './command/usage-error.js';
import { Guest as ModelGuest, type GuestExtensions } from './guest/guest.js';
import { namedValue } from './guest/named-value.js';
import { readScenario, runText, type ScenarioRun as RunOf } from './guest/run-scenario.js';
import type { RunOptions } from './scenario/runner.js';
import type { GuestOptions } from './scenario/options/guest.js';
import type { Scenario } from './scenario/scenario.js';
import { exportTree, type UnreadFile } from './live/export-tree.js';

/** The guest as Node has it: beside texts it reads scenario files. */
export class Guest extends ModelGuest {
  static override create(options: GuestOptions, extensions: GuestExtensions = {}): Guest {
    return new Guest(options, extensions);
  }

  static override ofScenario(scenario: Scenario, extensions: GuestExtensions = {}): Guest {
    return new Guest(scenario.guest, extensions).withWorkload(scenario);
  }

  /**
   * Boots the guest of a scenario file and starts its workload; its timeline and what it prints are left to
   * `runScenario`.
   *
   * @param file its path, or its `file:` URL.
   * @param extensions plug-ins, whose designs, architectures and actions the file may speak of.
   * @throws TypeError for what is no file or extension; ScenarioError with file, line and column for a wrong file; Error with
   * the system's `code` and `cause` if it cannot be read.
   */
  static load(file: string | URL, extensions: GuestExtensions = {}): Guest {
    const path = pathOf(file, "Guest.load(file): expected a scenario's path or its file: URL");
    if ((isText(path) || isOfOneLine(path)) && !existsSync(path))
      throw new TypeError(
        "Guest.load(file): expected a scenario's file, not its text; runScenario(text) runs one, and Guest.ofScenario(parseScenario(text, name)) is its guest",
      );
    return Guest.ofScenario(readScenario(textOf(path), path, extensions), extensions);
  }

  /**
   * Writes the guest's /proc, /sys and /dev into a directory as plain files, as they are now, without FUSE or root: for
   * tools that take a root directory (lstopo's HWLOC_FSROOT). Links stay links; what only takes writes, and what a reader
   * would wait for, is an empty file.
   *
   * @param directory made if it is missing.
   * @returns the files whose reading gave an errno, which are left out.
   * @throws TypeError for what is no path; RangeError if there is something in the directory; Error if it cannot be made,
   * with the system's as `cause`, and on Windows, whose names of files have no colons; what writing there throws.
   */
  exportTree(directory: string): readonly UnreadFile[] {
    return exportTree(this.fs, directory);
  }
}

/** What came of a scenario, and the guest as it is at the end. */
export type ScenarioRun = RunOf<Guest>;

/**
 * Runs a scenario as `irqlab run` does: its workload, its timeline with what is expected, its printouts.
 *
 * @param scenario a file's path or `file:` URL, or the scenario's own text: what has a line break or begins with a brace.
 * @param options plug-ins, whose designs, architectures and actions the scenario may speak of, and how long to run.
 * @throws TypeError for what is no scenario or option, RangeError for a time that cannot be; ScenarioError with file, line
 * and column for a wrong scenario; Error with the system's `code` and `cause` if the file cannot be read.
 */
export function runScenario(scenario: string | URL, options: RunOptions & GuestExtensions = {}): ScenarioRun {
  const given = pathOf(
    scenario,
    'runScenario(scenario): expected a path, a file: URL or the text of a scenario',
  );
  if (typeof scenario === 'string' && isText(scenario)) return runText(Guest, scenario, 'scenario', options);
  const hint = isOfOneLine(given) ? "; a scenario's text of one line wants a line break at its end" : '';
  return runText(Guest, textOf(given, hint), given, options);
}

/** A path or a text as it is, a URL as a path. @param expected how the error for anything else begins. */
function pathOf(given: unknown, expected: string): string {
  if (typeof given === 'string') return given;
  if (given instanceof URL && given.protocol === 'file:') return fileURLToPath(given);
  throw new TypeError(`${expected}, not ${given instanceof URL ? given.href : namedValue(given)}`);
}

function isText(scenario: string): boolean {
  return scenario.includes('\n') || scenario.trimStart().startsWith('{');
}

/** True for a text that was meant as a scenario's, as `cpus: 2`, or a file of such a name. */
function isOfOneLine(scenario: string): boolean {
  return /^\s*\w+:(\s|$)/.test(scenario);
}

/** What is in a file. @param hint behind the reason why it cannot be read. */
function textOf(file: string, hint = ''): string {
  try {
    return wholeOf(chunksOfFile(file), file).toString('utf8');
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { message, cause } = error;
    const { code } = Object(cause) as NodeJS.ErrnoException;
    throw Object.assign(new Error(message + hint, { cause }), { code });
  }
}
