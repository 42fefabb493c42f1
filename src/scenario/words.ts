import { deeds } from '../host/misbehave/deeds.js';
import { hostMessageNames } from '../host/misbehave/message.js';
import { builtinActions } from './actions/index.js';
import { driverNames } from './options/devices.js';

/** Words that scenarios and commands to a guest choose from, for who lets a user choose. */
export const scenarioWords = {
  /** Keys of a timeline's steps, one for each action. */
  actions: builtinActions.map(({ name }) => name),
  /** Drivers of devices that the host can offer. */
  drivers: driverNames as readonly string[],
  /** What a misbehaving host does instead of sending something. */
  deeds: deeds as readonly string[],
  /** Control messages of the host. */
  messages: hostMessageNames as readonly string[],
} as const;
