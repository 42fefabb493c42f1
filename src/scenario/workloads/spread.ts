import type { Ns } from '../../lib/brand.js';
import { duration } from '../schema/notations.js';
import { int } from '../schema/shapes.js';
import { sendSignals } from './send-signals.js';
import { checkDuring, evenly } from './times.js';
import { type SignalTarget, signalsHad } from './target.js';
import type { WorkloadForm, WorkloadKind } from './workload.js';

/** So many signals to a channel or interrupts of a line, evenly spread. */
export type Spread = SignalTarget & {
  readonly kind: 'spread';
  /** So many signals, evenly spread from `fromNs` over `duringNs`. */
  readonly signals: number;
  /** Signals that it has had while booting count as some of them. */
  readonly sinceBoot: boolean;
  readonly fromNs: Ns;
  readonly duringNs: Ns;
};

const number = int(1, 1_000_000_000);

const keys = {
  signals: number.optional().describe('So many signals, evenly spread over "during"'),
  total: number.optional().describe('As signals, but those of booting count too: so many signals in all'),
  during: duration.optional().describe('signals and total: over how long'),
};

export const spreadForm: WorkloadForm<typeof keys> = {
  keys,
  oneOf: [{ required: ['signals', 'during'] }, { required: ['total', 'during'] }],
  dependencies: {
    signals: ['during'],
    total: ['during'],
    during: { oneOf: [{ required: ['signals'] }, { required: ['total'] }] },
  },
};

export const spread: WorkloadKind<Spread> = {
  kind: 'spread',
  endNs: ({ fromNs, duringNs }) => fromNs + duringNs,
  endsByItself: () => false,
  isOver: () => true,
  start(guest, item, times) {
    const { sinceBoot, signals } = item;
    const shares = sinceBoot ? signals - signalsHad(guest, item) : signals;
    return sendSignals(guest, item, 1, times, evenly(shares, item));
  },
  checkItself: ({ signals, duringNs }, report) => checkDuring('signals', signals, duringNs, report),
};
