import { z } from 'zod';
import { deeds } from '../../host/misbehave/deeds.js';
import { type HostMessageName, hostMessageNames } from '../../host/misbehave/message.js';
import { checkRule, type MisbehaveRule } from '../../host/misbehave/rule.js';
import { duration, relid, u32 } from './notations.js';
import { inOptions, optionSchema } from './option-form.js';
import { int, keysIn, mapping, whenMapping, word } from './shapes.js';

const ANY = 'any';
const relidOrAnyText = 'a relid from 1 to 2047, or any';
const relidOrAny = z.union([relid, z.literal(ANY)], { error: relidOrAnyText });
const kinds = ['message', 'signal', 'packet', 'guestSignal'] as const;
const chanceText = 'a number from 0 to 1';

const ruleKeys = mapping('a rule, e.g. {signal: 13, nth: 2, do: drop}', {
  message: word([...hostMessageNames, ANY])
    .optional()
    .describe('A control message of this type, or of any'),
  signal: relidOrAny.optional().describe('A signal to this channel, or to any'),
  packet: relidOrAny.optional().describe('A packet to this channel, or to any'),
  guestSignal: relidOrAny
    .optional()
    .describe('A signal of the guest about this channel, or about any: drop, delay, duplicate or reorder'),
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

/** A rule in the library's options. */
function ruleOption(): z.ZodType {
  const { nth, times, chance, do: deed, by, field, value } = ruleKeys.shape;
  return mapping('a rule, e.g. {what: "signal", relid: 13, nth: 2, deed: "drop"}', {
    what: word(kinds),
    message: word(hostMessageNames).optional(),
    relid: relid.optional(),
    nth,
    times,
    chance,
    deed,
    byNs: optionSchema(by),
    field,
    value,
  }).superRefine((rule, context) => {
    if (deeds.includes(rule.deed) && kinds.includes(rule.what))
      refuse(rule as MisbehaveRule, rule.field === undefined ? ['deed'] : ['field'], context);
  }, whenMapping);
}

/** Adds an issue if what a rule says does not go together. @param path of the key that is to blame. */
function refuse(rule: MisbehaveRule, path: string[], context: z.RefinementCtx): void {
  try {
    checkRule(rule);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.addIssue({ code: 'custom', message: error.message, path });
  }
}

const written = ruleKeys
  .superRefine((value, context) => {
    const given = keysIn(value, kinds);
    if (given.length !== 1) {
      const message = 'a rule is about one of message, signal, packet and guestSignal';
      context.addIssue({ code: 'custom', message, path: given.slice(1, 2) });
      return;
    }
    if (value.relid !== undefined && given[0] !== 'message') {
      context.addIssue({ code: 'custom', message: '"relid" goes with "message" only', path: ['relid'] });
      return;
    }
    // This looks at rules with wrong values, too; of an unknown deed there is nothing more to say.
    if (!deeds.includes(value.do)) return;
    refuse(toRule(value), [value.field === undefined ? 'do' : 'field'], context);
  }, whenMapping)
  .transform(toRule)
  .meta({ oneOf: kinds.map((kind) => ({ required: [kind] })), dependencies: { relid: ['message'] } });

/** One way in which the host misbehaves. */
export const misbehaveRule = inOptions(written, ruleOption());

function toRule(keys: z.output<typeof ruleKeys>): MisbehaveRule {
  const {
    message,
    signal,
    packet,
    guestSignal,
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
  const relidOf = (of: number | string | undefined) => (typeof of === 'number' ? of : undefined);
  if (signal !== undefined) return { what: 'signal', relid: relidOf(signal), ...common };
  if (packet !== undefined) return { what: 'packet', relid: relidOf(packet), ...common };
  return { what: 'guestSignal', relid: relidOf(guestSignal), ...common };
}
