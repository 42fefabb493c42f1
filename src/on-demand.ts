// Parts of the library that not everybody needs, loaded when they are asked for.
import type { AxisName } from './compare/axes.js';
import type { Compared } from './compare/comparison.js';
import type { PluginModule } from './guest/container/contributions.js';
import { Guest } from './guest/guest.js';
import { languageWith } from './guest/language.js';
import type { Race } from './races/race.js';
import { runScenarioOn } from './scenario/runner.js';
import type { Scenario } from './scenario/scenario.js';

/** Loads them all now: what a page asks for later needs no network. */
export async function loadOnDemand(): Promise<void> {
  await Promise.all([
    import('./command/races-with.js'),
    import('./capture/bundle/recording.js'),
    import('./capture/bundle/findings.js'),
    import('modern-tar'),
    import('xz-decompress'),
    import('./capture/captured-machine.js'),
    import('./capture/captured-scenario.js'),
    import('./compare/axes.js'),
    import('./compare/one.js'),
    import('./compare/text.js'),
  ]);
}

/**
 * The table of races, as `irqlab explore` lists it.
 *
 * @param modules of plug-ins, whose races stand behind irqlab's own; default: none.
 * @throws PluginError if one of them binds what is no race, or has the id of another one.
 */
export async function loadRaces(modules: readonly PluginModule[] = []): Promise<readonly Race[]> {
  return (await import('./command/races-with.js')).racesWith(modules);
}

/** What was captured of a real machine, and what to call it in messages: a text that a program printed, or a file. */
export type Captured =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly bytes: Uint8Array };

/** A scenario of captures as text, and what its user should know of it. */
export interface ImportedScenario {
  readonly text: string;
  readonly notes: readonly string[];
  /** Of a recording what was taken, guessed and not used, as a table for people. */
  readonly findings: string | undefined;
}

/**
 * A scenario whose guest shows what a machine's /proc/interrupts, lsvmbus or affinities show, as `irqlab import` makes
 * it: of at most one text of each kind, or of a recording or sosreport (.tar, .tar.gz, .tar.xz).
 *
 * @throws UsageError with file, line and column for a text that no such program prints, or that no guest can show; for
 *   an archive that is damaged, too large, or none of a machine.
 */
export async function importCaptures(captures: readonly Captured[]): Promise<ImportedScenario> {
  const { recordingIn } = await import('./capture/bundle/recording.js');
  const { machineOf } = await import('./capture/captured-machine.js');
  const { scenarioOf } = await import('./capture/captured-scenario.js');
  const { findingsText } = await import('./capture/bundle/findings.js');
  const encoder = new TextEncoder();
  const named = await Promise.all(
    captures.map((one) => recordingIn(one.file, 'bytes' in one ? one.bytes : encoder.encode(one.text))),
  );
  const machine = machineOf(named, [], false);
  const { text, notes, findings } = await scenarioOf(machine, async (options) =>
    Guest.create(options).procInterrupts(),
  );
  return { text, notes, findings: machine.isRecording ? findingsText(findings) : undefined };
}

/** An axis of the design: its choices, which the scenario has, and why it cannot be varied, if so. */
export interface ScenarioAxis {
  readonly axis: AxisName;
  readonly choices: readonly { readonly name: string; readonly isOwn: boolean }[];
  readonly problem: string | undefined;
}

/**
 * The axes that `irqlab compare --vary` knows.
 *
 * @param modules of plug-ins, which may have choices of their own; default: none.
 */
export async function axesOf(
  scenario: Scenario,
  modules: readonly PluginModule[] = [],
): Promise<readonly ScenarioAxis[]> {
  const { axisNames, choicesOf } = await import('./compare/axes.js');
  const { axisProblem } = await import('./compare/one.js');
  const { design, kernel } = scenario.guest;
  const names = choiceNames(modules);
  return axisNames.map((axis) => ({
    axis,
    choices: choicesOf(axis, design, names, kernel).map(({ name, isOwn }) => ({ name, isOwn })),
    problem: axisProblem(axis, scenario),
  }));
}

/** A choice's results as `irqlab compare` prints them. */
export interface ComparedChoice {
  readonly compared: Compared;
  /** The table's row by the titles of its columns. */
  readonly cells: readonly { readonly title: string; readonly text: string }[];
}

/**
 * Runs a scenario under one choice of an axis, as `irqlab compare` does under each.
 *
 * @param modules of plug-ins; default: none.
 * @throws RangeError if there is no such choice; UsageError if the scenario's own guest cannot be.
 */
export async function compareChoice(
  scenario: Scenario,
  axis: AxisName,
  choice: string,
  modules: readonly PluginModule[] = [],
): Promise<ComparedChoice> {
  const { choicesOf } = await import('./compare/axes.js');
  const { compareOne, withDesign } = await import('./compare/one.js');
  const { columnsOf } = await import('./compare/text.js');
  const { design, kernel } = scenario.guest;
  const found = choicesOf(axis, design, choiceNames(modules), kernel).find(({ name }) => name === choice);
  if (found === undefined) throw new RangeError(`${axis} has no choice ${choice}`);
  const compared = await compareOne(withDesign(scenario, found), found, {
    create: async (options) => Guest.create(options, { modules }),
    run: (guest, varied) => runScenarioOn(guest, varied),
  });
  const cells = columnsOf(axis, false).map(({ title, cell }) => ({ title, text: cell(compared) }));
  return { compared, cells };
}

/** Names of the choices on each axis; undefined: irqlab's own. */
function choiceNames(modules: readonly PluginModule[]) {
  return modules.length === 0 ? undefined : languageWith(modules).vocabulary.designChoices;
}
