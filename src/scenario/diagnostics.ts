import { formatPlace, type Place } from './place.js';

/** Something wrong in a scenario file. */
export interface Diagnostic {
  readonly place: Place;
  /** What is wrong and what was expected. */
  readonly message: string;
  /** True for a name that is not known, nor close to one that is, and could be that of something in a plug-in. */
  readonly mayBePlugins?: boolean;
}

/** A scenario file that cannot be used. The message has one line for each thing that is wrong, by position. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';

  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(({ place, message }) => `${formatPlace(place)}: ${message}`).join('\n'));
  }
}
