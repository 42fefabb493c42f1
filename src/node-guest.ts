import { readFileSync } from 'node:fs';
import { checkExtensions } from './guest/check-extensions.js';
import { Guest as ModelGuest, type GuestExtensions } from './guest/guest.js';
import { languageWith } from './guest/language.js';
import { parseScenario } from './scenario/load.js';
import { type RunOptions, type RunResult, runScenario } from './scenario/runner.js';
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
   * `runScenarioFile`.
   *
   * @param extensions plug-ins, whose designs, architectures and actions the file may speak of.
   * @throws TypeError for what is no extension; ScenarioError with file, line and column for a wrong file; what reading it throws.
   */
  static load(file: string, extensions: GuestExtensions = {}): Guest {
    return Guest.ofScenario(readScenario(file, extensions), extensions);
  }

  /**
   * Writes the guest's /proc, /sys and /dev into a directory as plain files, as they are now, without FUSE or root: for
   * tools that take a root directory (lstopo's HWLOC_FSROOT). Links stay links; what only takes writes, and what a reader
   * would wait for, is an empty file.
   *
   * @param directory made if it is missing.
   * @returns the files whose reading gave an errno, which are left out.
   * @throws RangeError if there is something in the directory; what writing there throws.
   */
  exportTree(directory: string): readonly UnreadFile[] {
    return exportTree(this.fs, directory);
  }
}

/** What came of a scenario file, and the guest as it is at the end. */
export interface ScenarioRun extends RunResult {
  readonly guest: Guest;
}

/**
 * Runs a scenario file as `irqlab run` does: its workload, its timeline with what is expected, its printouts.
 *
 * @param options plug-ins, whose designs, architectures and actions the file may speak of, and how long to run.
 * @throws TypeError for what is no option; ScenarioError with file, line and column for a wrong file; what reading it throws.
 */
export function runScenarioFile(file: string, options: RunOptions & GuestExtensions = {}): ScenarioRun {
  const { runNs, watch, ...extensions } = options;
  const scenario = readScenario(file, extensions);
  const guest = Guest.create(scenario.guest, extensions);
  return { guest, ...runScenario(guest, scenario, { runNs, watch }) };
}

function readScenario(file: string, extensions: GuestExtensions): Scenario {
  checkExtensions(extensions);
  const language = extensions.modules && languageWith(extensions.modules);
  return parseScenario(readFileSync(file, 'utf8'), file, language);
}
