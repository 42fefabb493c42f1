import type { Ns } from '../../lib/brand.js';
import { Prng } from '../../lib/prng.js';
import { formatDuration } from '../duration.js';
import { duration } from '../schema/notations.js';
import { int } from '../schema/shapes.js';
import { sendSignals } from './send-signals.js';
import { checkEnds, checkInAll, checkUntil } from './times.js';
import type { SignalTarget } from './target.js';
import type { WorkloadForm, WorkloadKind } from './workload.js';

/** Signals to a channel, or interrupts of a line, each time some time has passed. */
export type Periodic = SignalTarget & {
  readonly kind: 'periodic';
  readonly everyNs: Ns;
  /** Each time comes up to so much later, at random. */
  readonly jitterNs: Ns;
  readonly fromNs: Ns;
  /** Not included; undefined: until the end of the run. */
  readonly untilNs: Ns | undefined;
  /** Signals each time. */
  readonly burst: number;
};

const keys = {
  every: duration.optional().describe('A signal each time so much has passed'),
  jitter: duration.optional().describe('every: each time comes up to so much later, at random'),
  until: duration.optional().describe('every: end, not included; default: the end of the run'),
  burst: int(1, 1_000_000).optional().describe('every: signals each time; default 1'),
};

export const periodicForm: WorkloadForm<typeof keys> = {
  keys,
  oneOf: [{ required: ['every'] }],
  dependencies: { jitter: ['every'], until: ['every'], burst: ['every'] },
};

export const periodic: WorkloadKind<Periodic> = {
  kind: 'periodic',
  endNs: ({ untilNs }) => untilNs,
  endsByItself: () => false,
  isOver: () => true,
  start(guest, item, times, seed) {
    const { everyNs, jitterNs, fromNs, untilNs, burst } = item;
    const prng = new Prng(seed);
    const end = untilNs ?? times.endNs;
    return sendSignals(guest, item, burst, times, (index) => {
      const timeNs = fromNs + index * everyNs;
      if (timeNs >= end) return undefined;
      return jitterNs === 0 ? timeNs : timeNs + Math.floor((prng.next() / 2 ** 32) * (jitterNs + 1));
    });
  },
  checkItself(item, report) {
    const { everyNs, jitterNs } = item;
    checkUntil(item, report);
    if (everyNs < 1) report(['every'], 'expected more than 0s');
    if (jitterNs > 0 && jitterNs >= everyNs)
      report(['jitter'], `expected less than the ${formatDuration(everyNs)} of "every"`);
  },
  check(item, at, checks) {
    const { everyNs, fromNs, untilNs = checks.runNs, burst } = item;
    checkEnds(item, at, checks, 'a workload with "every" never ends: give it "until", or the file "run"');
    if (untilNs !== undefined)
      checkInAll('signals', Math.ceil((untilNs - fromNs) / everyNs) * burst, at, checks.report);
  },
};
