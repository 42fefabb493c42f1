import type { Guest } from '../guest/guest.js';
import type { RunStats } from '../guest/run-stats.js';
import type { Compared } from './comparison.js';

/** Counts of a guest since the meter was made. */
export class Meter {
  private readonly start: Counts;

  /** @param stats counts the guest's signals since now. */
  constructor(
    private readonly guest: Guest,
    private readonly stats: RunStats,
  ) {
    this.start = countsOf(guest);
  }

  read(): Partial<Compared> {
    const { start } = this;
    const now = countsOf(this.guest);
    const dropped = now.dropped - start.dropped;
    const events = now.arrived - start.arrived;
    const inStat = now.inStat - start.inStat;
    const kvm = this.guest.kvm?.counts();
    const ofIrqfds = kvm?.interrupts ?? 0;
    const handled = events - dropped + ofIrqfds;
    return {
      signalled: now.signalled - start.signalled,
      events,
      interrupts: now.interrupts - start.interrupts,
      inStat,
      doubleCounts: Math.max(0, inStat - events - ofIrqfds),
      missingCounts: Math.max(0, handled - inStat),
      dropped,
      lost: now.lost - start.lost,
      signals: now.signals - start.signals,
      needlessSignals: now.needlessSignals - start.needlessSignals,
      latency: this.stats.latency(),
      references: now.references - start.references,
      gracePeriods: now.gracePeriods - start.gracePeriods,
      kvm,
    };
  }
}

interface Counts {
  readonly signalled: number;
  readonly arrived: number;
  readonly lost: number;
  readonly interrupts: number;
  readonly signals: number;
  readonly needlessSignals: number;
  readonly dropped: number;
  readonly references: number;
  readonly gracePeriods: number;
  readonly inStat: number;
}

function countsOf(guest: Guest): Counts {
  const { signalled, coalesced, lost, messages, guestSignals, needlessSignals } = guest.host.hyperv.totals;
  const { connection, isr } = guest.vmbus;
  return {
    signalled,
    arrived: signalled - coalesced - lost + messages,
    lost,
    interrupts: isr.interrupts,
    signals: guestSignals,
    needlessSignals,
    dropped: connection.relids.droppedEvents,
    references: connection.lifetime.references,
    gracePeriods: connection.lifetime.gracePeriods,
    inStat: Number(/^intr (\d+)/m.exec(guest.readFile('/proc/stat'))?.[1]),
  };
}
