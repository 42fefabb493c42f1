import type { JsonHead } from '../command/json.js';
import type { LatencyNumbers } from '../guest/run-stats.js';
import type { KvmCounts } from '../guest/kvm.js';
import type { Ns } from '../lib/brand.js';
import type { AxisName } from './axes.js';

/** The result of a scenario under one choice. Counts are those of the run, without booting. */
export interface Compared {
  readonly choice: string;
  readonly isOwn: boolean;
  /** Signals of the host, those that were coalesced or lost included. */
  readonly signalled: number;
  /** Events that reached the guest, and control messages. */
  readonly events: number;
  /** Interrupts of the line that all channels share; each may deliver several events. */
  readonly interrupts: number;
  /** Growth of the total in /proc/stat's `intr` line, level-triggered irqfds included. */
  readonly inStat: number;
  readonly doubleCounts: number;
  readonly missingCounts: number;
  readonly dropped: number;
  readonly lost: number;
  readonly signals: number;
  readonly needlessSignals: number;
  /** From the host's signals to the end of what handles them, all channels together; undefined: nothing was handled. */
  readonly latency: LatencyNumbers | undefined;
  /** References to channels that were taken, and grace periods that their memory waited for. */
  readonly references: number;
  readonly gracePeriods: number;
  /** Of level-triggered irqfds; undefined for a guest without. */
  readonly kvm: KvmCounts | undefined;
  /** Virtual time of the run; stepsNs is the part of it that the steps of the timeline took. */
  readonly runNs: Ns;
  readonly stepsNs: Ns;
  /** Steps that did not turn out as the scenario expects. */
  readonly failedSteps: readonly string[];
  /** Why the run broke off; the counts are those up to that point. Undefined if it did not. */
  readonly problem: string | undefined;
  /** What an event costs on this machine; undefined unless measured. */
  readonly eventNs: number | undefined;
}

/** The results of a scenario under each choice of an axis. */
export interface Comparison {
  readonly scenario: string;
  readonly description: string;
  readonly axis: AxisName;
  readonly rows: readonly Compared[];
}

/** What `irqlab compare --json` prints. */
export interface CompareJson extends JsonHead<'compare'>, Comparison {}
