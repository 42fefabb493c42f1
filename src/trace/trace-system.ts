import type { AddressSpace } from './binary/address-space.js';
import type { TraceEvent } from './event.js';
import type { FilterContext } from './filter-term.js';
import type { TraceBehaviour } from './kernel.js';
import type { TracedMachine } from './record.js';
import type { SavedCmdlines } from './saved-cmdlines.js';

/** What all instances of a machine's tracing have in common. */
export interface TraceSystem {
  readonly machine: TracedMachine;
  readonly behaviour: TraceBehaviour;
  /** All events that there are, in the order in which they were made. */
  readonly events: readonly TraceEvent[];
  /** Names of the tasks whose events were written. */
  readonly cmdlines: SavedCmdlines;
  /** Thread groups of these tasks, by pid, as far as they were asked for (`record-tgid`). */
  readonly tgids: Map<number, number>;
  /** Where functions are, of which the binary form of events tells. */
  readonly addresses: AddressSpace;
  /** How many events were written; the clock `counter`. */
  counted: number;
  /** The number of an event, as its `format` has it. */
  idOf(event: TraceEvent): number;
  filterContext(event: TraceEvent): FilterContext;
  /** An instance writes events now, or does not any more. */
  changed(): void;
}
