import { z } from 'zod';
import type { Ns, Relid } from '../../lib/brand.js';
import { parseDuration } from '../duration.js';
import type { Limit } from '../expectation.js';
import type { ScenarioGuest, SignalNumbers } from '../port.js';
import { relid } from '../schema/notations.js';
import { defineAction } from './action.js';
import { notPossible } from './answer.js';
import { aNumber, type Expects } from './expects.js';

// What has become of the host's signals of a channel since the guest has booted, as `run --stats` prints it.

/** An action that counts signals. @param what describes the count, as the end of "How many signals of this channel …". */
function counted(name: Exclude<keyof SignalNumbers, 'latency'>, what: string) {
  return defineAction({
    name,
    value: relid.describe(`How many signals of this channel ${what}`),
    expects: aNumber,
    needsStats: true,
    fields: (number) => ({ relid: number }),
    describe: (action) => `${name} of channel ${action.relid}`,
    perform(guest, action) {
      const numbers = numbersOf(guest, action.relid);
      return numbers === undefined ? notCounted : { kind: 'count', count: numbers[name] };
    },
    check: (action, at, { relids }) => relids.mention(action.relid, at),
  });
}

export const delivered = counted('delivered', 'the host has delivered as an interrupt');
export const coalesced = counted('coalesced', 'found the event flag still set');
export const lost = counted('lost', 'were lost on a CPU whose synic was off');
export const waiting = counted('waiting', 'nothing has handled yet');
export const needless = counted('needless', 'the guest has sent though the host had nothing to do');

const limitText = 'a limit such as "<50us", "<=1.5ms" or ">=20ns"';

/** A limit of a time: how it compares, and with what. */
const limit = z
  .string({ error: limitText })
  .regex(/^[<>]=? ?(\d{1,6}(\.\d{1,9})?s|\d{1,9}(\.\d{1,6})?ms|\d{1,12}(\.\d{1,3})?us|\d{1,15}ns)$/, {
    error: limitText,
  })
  .meta({ examples: ['<50us', '<=1.5ms', '>=20ns'] })
  .transform((text): Pick<Limit, 'text' | 'holds'> => {
    const [, sign, time] = /^([<>]=?) ?(.*)$/.exec(text) ?? [];
    return { text, holds: comparisons[sign](parseDuration(time)) };
  })
  .optional();

const comparisons: Readonly<Record<string, (end: Ns) => (ns: Ns) => boolean>> = {
  '<': (end) => (ns) => ns < end,
  '<=': (end) => (ns) => ns <= end,
  '>': (end) => (ns) => ns > end,
  '>=': (end) => (ns) => ns >= end,
};

const limitKeys = {
  p50: limit.describe('what half of the times must keep to'),
  p99: limit.describe('what 99 of 100 times must keep to'),
  p999: limit.describe('what 999 of 1000 times must keep to'),
  max: limit.describe('what the longest time must keep to'),
};
const limitNames = Object.keys(limitKeys) as (keyof typeof limitKeys)[];

/** Limits of times, of which at least one must be given. */
const limits: Expects = {
  keys: limitKeys,
  isRequired: false,
  problem(name, given) {
    if (given.expect !== undefined)
      return `"${name}" expects its times by ${limitNames.join(', ')}, e.g. p99: "<50us"`;
    if (limitNames.some((key) => given[key] !== undefined)) return undefined;
    return `"${name}" needs one of ${limitNames.join(', ')} with the limit that must hold, e.g. p99: "<50us"`;
  },
  read: (given) => ({
    kind: 'limits',
    limits: limitNames.flatMap((name) => {
      const one = given[name] as z.output<typeof limit>;
      return one === undefined ? [] : [{ name, ...one }];
    }),
  }),
};

/** How long signals took from the host to the end of what handles them. */
export const latency = defineAction({
  name: 'latency',
  value: relid.describe('How long the signals of this channel took until they were handled'),
  expects: limits,
  needsStats: true,
  fields: (number) => ({ relid: number }),
  describe: (action) => `latency of channel ${action.relid}`,
  perform(guest, action) {
    const numbers = numbersOf(guest, action.relid);
    if (numbers === undefined) return notCounted;
    if (numbers.latency === undefined)
      return notPossible(`no signal of channel ${action.relid} has been handled`);
    return { kind: 'times', times: numbers.latency };
  },
  check: (action, at, { relids }) => relids.mention(action.relid, at),
});

function numbersOf(guest: ScenarioGuest, number: Relid): SignalNumbers | undefined {
  return guest.stats?.channelNumbers(number);
}

const notCounted = notPossible(
  "signals are counted for the scenario's own steps, from its start to the end of its first kernel",
);
