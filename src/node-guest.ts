import { readFileSync } from 'node:fs';
import { Guest as ModelGuest, type GuestExtensions } from './guest/guest.js';
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
   * @param extensions plug-ins, whose designs, architectures and actions the file may speak of.
   * @throws TypeError for what is no extension; ScenarioError with file, line and column for a wrong file; what reading it throws.
   */
  static load(file: string, extensions: GuestExtensions = {}): Guest {
    return Guest.ofScenario(readScenario(readFileSync(file, 'utf8'), file, extensions), extensions);
  }

  /**
   * Writes the guest's /proc, /sys and /dev into a directory as plain files, as they are now, without FUSE or root: for
   * tools that take a root directory (lstopo's HWLOC_FSROOT). Links stay links; what only takes writes, and what a reader
   * would wait for, is an empty file.
   *
   * @param directory made if it is missing.
   * @returns the files whose reading gave an errno, which are left out.
   * @throws RangeError if there is something in the directory; Error on Windows, whose names of files have no colons; what
   * writing there throws.
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
 * @param scenario a file's path, or the scenario's own text: what has a line break or begins with a brace.
 * @param options plug-ins, whose designs, architectures and actions the scenario may speak of, and how long to run.
 * @throws TypeError for what is no option; ScenarioError with file, line and column for a wrong scenario; what reading
 * the file throws.
 */
export function runScenario(scenario: string, options: RunOptions & GuestExtensions = {}): ScenarioRun {
  return isText(scenario)
    ? runText(Guest, scenario, 'scenario', options)
    : runText(Guest, readFileSync(scenario, 'utf8'), scenario, options);
}

function isText(scenario: string): boolean {
  return scenario.includes('\n') || scenario.trimStart().startsWith('{');
}
