import type { OfferedDevice } from '../scenario/offered-devices.js';
import type { GuestOptions } from '../scenario/options/guest.js';

/** Options of a guest that captures show: each device by itself, with all its relids. */
export interface CapturedOptions extends GuestOptions {
  readonly devices?: readonly OfferedDevice[];
}
