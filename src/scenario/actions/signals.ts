import { cpu, irq, relid } from '../schema/notations.js';
import { int, mapping } from '../schema/shapes.js';
import { defineAction } from './action.js';
import { done, notPossible } from './answer.js';
import { aNumber } from './expects.js';

/** A companion of signal and raise. */
export const times = int(1, 1_000_000).optional().describe('how often; default 1');

export const signal = defineAction({
  name: 'signal',
  value: relid.describe('The host signals this channel'),
  companions: { times },
  fields: (number, { times: often = 1 }) => ({ relid: number, times: often }),
  describe: (action) => `signal ${action.relid}${action.times === 1 ? '' : ` ${action.times} times`}`,
  perform(guest, action) {
    const sent = guest.signal(action.relid, action.times);
    if (sent === action.times) return done;
    return notPossible(`the host has no open channel with relid ${action.relid}`);
  },
  check: (action, at, { relids }) => relids.mention(action.relid, at),
});

/** How often an interrupt was counted. */
export const count = defineAction({
  name: 'count',
  value: mapping('{irq: 39, cpu: 0}', { irq, cpu: cpu.optional() }).describe(
    'How often an interrupt was counted, on one CPU or all together',
  ),
  expects: aNumber,
  fields: (given) => ({ irq: given.irq, cpu: given.cpu }),
  describe: (action) =>
    `count of IRQ ${action.irq}${action.cpu === undefined ? '' : ` on CPU ${action.cpu}`}`,
  perform(guest, action) {
    const found = guest.irqCount(action.irq, action.cpu);
    if (found !== undefined) return { kind: 'count', count: found };
    return notPossible(`the guest has no IRQ ${action.irq} now`);
  },
  check: (action, at, { cpus }) => cpus.check(action.cpu, [...at, 'cpu']),
});
