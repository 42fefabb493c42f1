import type { z } from 'zod';
import type { Ns } from '../../lib/brand.js';
import { cpu, duration, irq, nonEmpty, relid } from '../schema/notations.js';
import { keysIn, mapping, whenMapping } from '../schema/shapes.js';
import { type Periodic, periodicForm } from './periodic.js';
import { type Spread, spreadForm } from './spread.js';
import type { SignalTarget } from './target.js';

const timing = { ...spreadForm.keys, ...periodicForm.keys };

/** Signals to what some keys name, in either form. */
function signalsTo<Keys extends z.ZodRawShape>(
  what: string,
  keys: Keys,
  toTarget: (value: z.output<z.ZodObject<Keys>>) => SignalTarget,
) {
  return mapping(what, {
    ...keys,
    from: duration.optional().describe('Start; default: the end of booting'),
    ...timing,
  })
    .superRefine((value, context) => {
      const message = problem(value as object);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    }, whenMapping)
    .transform((value): Spread | Periodic => {
      // The mapping has read the keys of both.
      const times = value as TimingKeys;
      return { ...toTarget(value as z.output<z.ZodObject<Keys>>), ...timed(times) };
    })
    .meta({
      oneOf: [...spreadForm.oneOf, ...periodicForm.oneOf],
      dependencies: { ...spreadForm.dependencies, ...periodicForm.dependencies },
    });
}

type TimingKeys = z.output<z.ZodObject<typeof timing>> & { readonly from?: Ns };
type Timed<Item> = Item extends unknown ? Omit<Item, keyof SignalTarget> : never;

function timed(value: TimingKeys): Timed<Spread> | Timed<Periodic> {
  const { from: fromNs = 0, signals: number, total } = value;
  const spreadOver = { fromNs, duringNs: value.during ?? 0 };
  if (number !== undefined) return { kind: 'spread', ...spreadOver, signals: number, sinceBoot: false };
  if (total !== undefined) return { kind: 'spread', ...spreadOver, signals: total, sinceBoot: true };
  const { every: everyNs = 1, jitter: jitterNs = 0, until: untilNs, burst = 1 } = value;
  return { kind: 'periodic', everyNs, jitterNs, fromNs, untilNs, burst };
}

/** Signals of the host to a channel. */
export const signals = signalsTo(
  'a workload, e.g. {relid: 7, signals: 100, during: 10s}',
  { relid: relid.describe('Channel that the host signals') },
  (value) => ({ relid: value.relid }),
);

/** Interrupts of a device outside VMBus. */
export const interrupts = signalsTo(
  'a workload, e.g. {irq: 8, signals: 100, during: 10s}',
  {
    irq: irq.describe('Line that a device asserts'),
    name: nonEmpty.optional().describe('irq: the device, by the name of its action; default: the first'),
    cpu: cpu.optional().describe('irq: the CPU whose line is meant, of a per-CPU line'),
  },
  ({ irq: number, name, cpu: of }) => ({ line: { irq: number, name, cpu: of } }),
);

function problem(value: object): string | undefined {
  const spread = keysIn(value, Object.keys(spreadForm.keys));
  const periodic = keysIn(value, Object.keys(periodicForm.keys));
  if (spread.length > 0 && periodic.length > 0)
    return `"${spread[0]}" and "${periodic[0]}" do not go together`;
  if (spread.length === 3) return '"signals" and "total" do not go together';
  if ((spread.length === 2 && spread[1] === 'during') || periodic[0] === 'every') return undefined;
  return 'a workload needs "signals" or "total" and "during", or "every"';
}
