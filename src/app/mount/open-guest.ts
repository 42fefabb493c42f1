import { performance } from 'node:perf_hooks';
import { ScenarioError } from '../../scenario/diagnostics.js';
import { parseScenario } from '../../scenario/load.js';
import type { Scenario } from '../../scenario/scenario.js';
import { type CommandIo, UsageError } from '../command.js';
import { Guest } from '../guest.js';
import { readText } from '../read-text.js';
import { LiveGuest } from './live-guest.js';

/** A guest in operation. */
export interface OpenGuest {
  readonly guest: Guest;
  readonly live: LiveGuest;
}

/** Boots the guest of a scenario file; its workload and timeline happen as its time passes. @throws UsageError */
export function openGuest(file: string, speed: number, io: CommandIo): OpenGuest {
  const scenario = load(file, io);
  const guest = boot(scenario);
  const live = new LiveGuest(guest, scenario, {
    speed,
    nowMs: () => performance.now(),
    onFailure: (message) => io.err(`irqlab: ${message}\n`),
  });
  return { guest, live };
}

function load(file: string, io: CommandIo): Scenario {
  const { name, text } = readText(file, io);
  try {
    return parseScenario(text, name);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new UsageError(error.message.replaceAll('\n', '\nirqlab: '));
  }
}

function boot(scenario: Scenario): Guest {
  try {
    return Guest.create(scenario.guest);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${scenario.file}: ${error.message}`);
    throw error;
  }
}
