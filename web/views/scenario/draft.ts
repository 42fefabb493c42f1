import { signal } from '@preact/signals';
import { type ScenarioText, scenario } from '../../store/guest.js';

/** The scenario as it is being written; undefined: the one that runs. */
export const draft = signal<ScenarioText | undefined>(undefined);

export function draftNow(): ScenarioText {
  return draft.value ?? scenario.value ?? { name: 'own.yaml', text: '' };
}

/** Puts another text in place of what is written. */
export function replaceDraft(text: ScenarioText): void {
  draft.value = text;
}
