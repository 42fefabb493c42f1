import type { KvmCounts } from '../guest/kvm.js';
import type { Ns } from '../lib/brand.js';
import type { AxisName } from './axes.js';

/** What came of a scenario under one choice. Counts are of the run, without booting. */
export interface Compared {
  readonly choice: string;
  readonly isOwn: boolean;
  /** Events that reached the guest, and control messages. */
  readonly events: number;
  /** Interrupts of the line that all of them share; each may bring several events. */
  readonly interrupts: number;
  /** What the total of interrupts in /proc/stat grew by; those of level-triggered irqfds are among them. */
  readonly inStat: number;
  readonly doubleCounts: number;
  readonly missingCounts: number;
  readonly dropped: number;
  readonly lost: number;
  readonly signals: number;
  readonly needlessSignals: number;
  /** Of level-triggered irqfds; undefined for a guest without. */
  readonly kvm: KvmCounts | undefined;
  /** Virtual time of the run, and of it the time that its steps took. */
  readonly runNs: Ns;
  readonly stepsNs: Ns;
  /** Steps that did not come out as the scenario expects. */
  readonly failedSteps: readonly string[];
  /** Why the choice cannot be run to the end; undefined if it can. Then the counts are those up to there. */
  readonly problem: string | undefined;
  /** What an event costs on this machine; undefined unless measured. */
  readonly eventNs: number | undefined;
}

/** What came of a scenario under each choice of an axis. */
export interface Comparison {
  readonly scenario: string;
  readonly description: string;
  readonly axis: AxisName;
  readonly rows: readonly Compared[];
}
