import type { Ns } from '../lib/brand.js';
import type { PlannedAction } from './actions/action.js';
import type { Expectation } from './expectation.js';
import type { GuestOptions } from './options/guest.js';
import type { Place } from './place.js';
import type { WorkloadItem } from './workloads/index.js';

/** An action and what must come of it. */
export interface Step extends PlannedAction {
  /** From the moment the guest has booted. */
  readonly atNs: Ns;
  readonly expect: Expectation;
  readonly place: Place;
}

/** A scenario file, checked. */
export interface Scenario {
  readonly file: string;
  readonly description: string;
  readonly guest: GuestOptions;
  readonly workload: readonly WorkloadItem[];
  /** In order of time. */
  readonly timeline: readonly Step[];
  /** How long the guest runs; undefined: until workload and timeline are over. */
  readonly runNs: Ns | undefined;
  /** The run must end with contexts of the guest that wait for ever, since it boots or since a step. */
  readonly expectsHang: boolean;
  /** Files of the guest to print at the end. */
  readonly print: readonly string[];
}
