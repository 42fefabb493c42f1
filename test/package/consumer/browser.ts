// A user in a browser: the same library, but for reading files.
import { Guest as NodeGuest } from 'irqlab';
import {
  axesOf,
  type AxisName,
  type Captured,
  compareChoice,
  type Compared,
  type ComparedChoice,
  ErrnoError,
  Guest,
  importCaptures,
  type ImportedScenario,
  languageWith,
  loadOnDemand,
  loadRaces,
  parseScenario,
  type PluginModule,
  type Race,
  type Scenario,
  type ScenarioAxis,
  UsageError,
} from 'irqlab/browser';

/** CPUs online of a scenario's guest, and what tells the two entry points apart. */
export function useInBrowser(text: string): string {
  const scenario: Scenario = parseScenario(text, 'scenario.yaml');
  const guest: Guest = Guest.ofScenario(scenario);
  const isSame =
    new ErrnoError('EIO', 'the same class') instanceof Error &&
    NodeGuest.create(scenario.guest) instanceof Guest;
  const canRead = 'load' in Guest;
  return `${guest.fs.readFile('/sys/devices/system/cpu/online').trim()}, one library ${isSame}, reads files ${canRead}`;
}

/** Whether a scenario may speak of what plug-ins bind, and of nothing else. */
export function isTakenWith(modules: readonly PluginModule[], text: string): boolean {
  try {
    parseScenario(text, 'scenario.yaml', languageWith(modules));
    return true;
  } catch {
    return false;
  }
}

/** Races are loaded when they are asked for, or ahead. */
export async function firstRaces(count: number): Promise<readonly string[]> {
  await loadOnDemand();
  const races: readonly Race[] = await loadRaces();
  return races.slice(0, count).map(({ id }) => id);
}

/** A scenario of what a machine shows; undefined if it is not understood. */
export async function imported(capture: Captured): Promise<ImportedScenario | undefined> {
  try {
    return await importCaptures([capture]);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** What a scenario comes to under each choice of its first axis. */
export async function comparedLosses(scenario: Scenario): Promise<readonly string[]> {
  const [first]: readonly ScenarioAxis[] = await axesOf(scenario);
  const axis: AxisName = first.axis;
  const found: ComparedChoice[] = [];
  for (const { name } of first.choices) found.push(await compareChoice(scenario, axis, name));
  return found.map(({ compared }) => {
    const { choice, lost }: Compared = compared;
    return `${choice} ${lost}`;
  });
}
