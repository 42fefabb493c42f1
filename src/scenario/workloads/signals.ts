import { duration, relid } from '../schema/notations.js';
import { keysIn, mapping, whenMapping } from '../schema/shapes.js';
import { type Periodic, periodicForm } from './periodic.js';
import { type Spread, spreadForm } from './spread.js';

/** Signals of the host to a channel, in either form. */
export const signals = mapping('a workload, e.g. {relid: 7, signals: 100, during: 10s}', {
  relid: relid.describe('Channel that the host signals'),
  from: duration.optional().describe('Start; default: the end of booting'),
  ...spreadForm.keys,
  ...periodicForm.keys,
})
  .superRefine((value, context) => {
    const message = problem(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  }, whenMapping)
  .transform((value): Spread | Periodic => {
    const { relid: channel, from: fromNs = 0, signals: number, total } = value;
    const timed = { relid: channel, fromNs, duringNs: value.during ?? 0 };
    if (number !== undefined) return { kind: 'spread', ...timed, signals: number, sinceBoot: false };
    if (total !== undefined) return { kind: 'spread', ...timed, signals: total, sinceBoot: true };
    const { every: everyNs = 1, jitter: jitterNs = 0, until: untilNs, burst = 1 } = value;
    return { kind: 'periodic', relid: channel, everyNs, jitterNs, fromNs, untilNs, burst };
  })
  .meta({
    oneOf: [...spreadForm.oneOf, ...periodicForm.oneOf],
    dependencies: { ...spreadForm.dependencies, ...periodicForm.dependencies },
  });

function problem(value: object): string | undefined {
  const spread = keysIn(value, Object.keys(spreadForm.keys));
  const periodic = keysIn(value, Object.keys(periodicForm.keys));
  if (spread.length > 0 && periodic.length > 0)
    return `"${spread[0]}" and "${periodic[0]}" do not go together`;
  if (spread.length === 3) return '"signals" and "total" do not go together';
  if ((spread.length === 2 && spread[1] === 'during') || periodic[0] === 'every') return undefined;
  return 'a workload needs "signals" or "total" and "during", or "every"';
}
