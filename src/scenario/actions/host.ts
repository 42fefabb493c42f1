import { z } from 'zod';
import { hostAct, performHostAct } from '../host-acts/index.js';
import { hostTotalNames } from '../../host/totals.js';
import { cpu } from '../schema/notations.js';
import { word } from '../schema/shapes.js';
import { defineAction } from './action.js';
import { aNumber } from './expects.js';
import { times } from './signals.js';

/** What a hostile host does. */
export const host = defineAction({
  name: 'host',
  value: hostAct.describe('The host does what it must not'),
  fields: (act) => ({ act }),
  describe: ({ act }) => `the host does: ${act.kind}`,
  endsWithCall: true,
  perform(guest, { act }) {
    performHostAct(guest.host, act);
  },
});

/** What came of it. */
export const refused = defineAction({
  name: 'refused',
  value: z
    .string({ error: 'a reason' })
    .describe('How often the guest refused something of the host for this reason'),
  expects: aNumber,
  fields: (reason) => ({ reason }),
  describe: ({ reason }) => `refused ${reason}`,
  perform: (guest, { reason }) => ({ kind: 'count', count: guest.refused().get(reason) ?? 0 }),
});

/** What has gone between host and guest, and what came of that. */
export const hostCount = defineAction({
  name: 'hostCount',
  value: word(hostTotalNames).describe('How often this has happened between host and guest'),
  expects: aNumber,
  fields: (total) => ({ total }),
  describe: ({ total }) => `hostCount ${total}`,
  perform: (guest, { total }) => ({ kind: 'count', count: guest.host.totals[total] }),
});

/** What timers of hosts without direct mode do. */
export const stimer0 = defineAction({
  name: 'stimer0',
  value: cpu.describe('The synthetic timer of this CPU expires, and an old host says so by a message'),
  companions: { times },
  fields: (number, { times: often = 1 }) => ({ cpu: number, times: often }),
  describe: (action) => `stimer0 of CPU ${action.cpu}${action.times === 1 ? '' : ` ${action.times} times`}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.host.timerExpired(action.cpu, action.times);
  },
  check: (action, at, { cpus }) => cpus.check(action.cpu, at),
});
