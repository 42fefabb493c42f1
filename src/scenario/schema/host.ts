import { z } from 'zod';
import { HV_EVENT_FLAGS_COUNT } from '../../vmbus/synic.js';
import { deeds } from '../../host/misbehave/deeds.js';
import { type HostMessageName, hostMessageNames } from '../../host/misbehave/message.js';
import { type RingPlace, ringNames, ringPlaceNames } from '../../host/misbehave/rings.js';
import { checkRule, type MisbehaveRule } from '../../host/misbehave/rule.js';
import type { HostAct } from '../scenario.js';
import { cpu, duration, int, keysIn, mapping, relid, whenMapping, word } from './values.js';

const u32 = int(0, 0xffffffff);
const ANY = 'any';
const relidOrAnyText = 'a relid from 1 to 2047, or any';
const relidOrAny = z.union([relid, z.literal(ANY)], { error: relidOrAnyText });
const kinds = ['message', 'signal', 'packet'] as const;
const chanceText = 'a number from 0 to 1';

const ruleKeys = mapping('a rule, e.g. {signal: 13, nth: 2, do: drop}', {
  message: word([...hostMessageNames, ANY])
    .optional()
    .describe('A control message of this type, or of any'),
  signal: relidOrAny.optional().describe('A signal to this channel, or to any'),
  packet: relidOrAny.optional().describe('A packet to this channel, or to any'),
  relid: relid.optional().describe('message: only those about this channel'),
  nth: int(1, 1_000_000_000)
    .optional()
    .describe('Only this one, counted from 1; with times: from this one on'),
  times: int(1, 1_000_000_000).optional().describe('To how many; default 1 with nth, else all'),
  chance: z
    .number({ error: chanceText })
    .min(0, { error: chanceText })
    .max(1, { error: chanceText })
    .optional()
    .describe('Probability with which it is done to each; default 1'),
  do: word(deeds).describe('What the host does instead of sending it'),
  by: duration
    .optional()
    .describe('delay: by how much; reorder: how long to wait for what overtakes it; default 1ms'),
  field: z
    .string({ error: 'the name of a field' })
    .optional()
    .describe('corrupt: what is changed; default: random'),
  value: u32.optional().describe('corrupt: to what; default: random'),
});

/** One way in which the host misbehaves. */
export const misbehaveRule = ruleKeys
  .superRefine((value, context) => {
    const given = keysIn(value, kinds);
    if (given.length !== 1) {
      const message = 'a rule is about one of message, signal and packet';
      context.addIssue({ code: 'custom', message, path: given.slice(1, 2) });
      return;
    }
    if (value.relid !== undefined && given[0] !== 'message') {
      context.addIssue({ code: 'custom', message: '"relid" goes with "message" only', path: ['relid'] });
      return;
    }
    try {
      checkRule(toRule(value));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      context.addIssue({
        code: 'custom',
        message: error.message,
        path: [value.field === undefined ? 'do' : 'field'],
      });
    }
  }, whenMapping)
  .transform(toRule)
  .meta({ oneOf: kinds.map((kind) => ({ required: [kind] })), dependencies: { relid: ['message'] } });

function toRule(keys: z.output<typeof ruleKeys>): MisbehaveRule {
  const {
    message,
    signal,
    packet,
    relid: about,
    nth,
    times,
    chance,
    do: deed,
    by: byNs,
    field,
    value,
  } = keys;
  const common = { nth, times, chance, deed, byNs, field, value };
  if (message !== undefined) {
    return {
      what: 'message',
      message: message === ANY ? undefined : (message as HostMessageName),
      relid: about,
      ...common,
    };
  }
  const of = signal ?? packet;
  return { what: signal === undefined ? 'packet' : 'signal', relid: of === ANY ? undefined : of, ...common };
}

const hexText = 'bytes in hexadecimal such as "0200000000000000 0d000000", at most 240';

const hexBytes = z
  .string({ error: hexText })
  .regex(/^\s*([0-9a-fA-F]{2}\s*){0,240}$/, { error: hexText })
  .transform((text) =>
    Uint8Array.from(text.match(/[0-9a-fA-F]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16)),
  );

const place = z.union([word(ringPlaceNames), int(0, 0xffffff)], {
  error: `one of ${ringPlaceNames.join(', ')}, or a byte of the ring's data`,
});

const acts = {
  misbehave: misbehaveRule.describe('From now on the host does this'),
  behave: z.literal(true, { error: 'true' }).describe('From now on the host behaves'),
  send: hexBytes.describe('A control message, byte for byte'),
  raise: mapping('{relid: 77, cpu: 1}', { relid: int(0, HV_EVENT_FLAGS_COUNT - 1), cpu }).describe(
    'Set the event flag of a relid on a CPU and interrupt that',
  ),
  poke: mapping('{relid: 13, ring: toGuest, at: writeIndex, value: 99999}', {
    relid,
    ring: word(ringNames).describe("Which of the channel's rings"),
    at: place.describe("Word of the ring's header, or byte of its data"),
    value: u32,
  }).describe("Overwrite 32 bits of a channel's ring"),
};

type ActName = keyof typeof acts;
const actNames = Object.keys(acts) as ActName[];

const actKeys = mapping(
  'an act of the host, e.g. {raise: {relid: 77, cpu: 1}}',
  z.object(acts).partial().shape,
);

/** What a hostile host does at a moment. */
export const hostAct = actKeys
  .superRefine((value, context) => {
    if (keysIn(value, actNames).length === 1) return;
    context.addIssue({ code: 'custom', message: `the host does one of ${actNames.join(', ')} in a step` });
  }, whenMapping)
  .transform(toAct)
  .meta({ oneOf: actNames.map((name) => ({ required: [name] })) });

function toAct({ misbehave, send, raise, poke }: z.output<typeof actKeys>): HostAct {
  if (misbehave !== undefined) return { kind: 'misbehave', rule: misbehave };
  if (send !== undefined) return { kind: 'send', bytes: send };
  if (raise !== undefined) return { kind: 'raise', ...raise };
  if (poke !== undefined) return { kind: 'poke', ...poke, at: poke.at as RingPlace | number };
  return { kind: 'behave' };
}
