import { type PluginModule, type ScenarioLanguage, scenarioWords } from 'irqlab/browser';
import type { Words } from './protocol.js';

/** What plug-ins add to what the worker knows. */
export interface Plugged {
  readonly modules: readonly PluginModule[];
  /** What scenarios may speak of; undefined: what they can without plug-ins. */
  readonly language: ScenarioLanguage | undefined;
  words(): Words;
}

export const nothingPlugged: Plugged = { modules: [], language: undefined, words: () => scenarioWords };
