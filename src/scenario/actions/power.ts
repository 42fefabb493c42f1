import { z } from 'zod';
import { relid } from '../schema/notations.js';
import { mapping } from '../schema/shapes.js';
import { defineAction } from './action.js';

const yes = z.literal(true, { error: 'true' });

const newRelids = z
  .record(z.string().regex(/^[1-9]\d{0,3}$/, { error: 'a relid as key' }), relid, {
    error: 'a mapping such as {14: 40}',
  })
  .transform((relids) => new Map(Object.entries(relids).map(([old, fresh]) => [Number(old), fresh])));

export const suspend = defineAction({
  name: 'suspend',
  value: yes.describe('The guest hibernates'),
  fields: () => ({}),
  describe: () => 'suspend',
  endsWithCall: true,
  perform(guest) {
    guest.suspend();
  },
});

export const resume = defineAction({
  name: 'resume',
  value: z
    .union([yes, mapping('a mapping such as {relids: {14: 40}}', { relids: newRelids })], {
      error: 'true, or a mapping such as {relids: {14: 40}}',
    })
    .describe(
      'The guest wakes up on a host that offers its devices with other relids, counted on or as given',
    ),
  /** `relids`: new relid of each channel that gets a certain one; undefined: all are counted on. */
  fields: (given) => ({ relids: given === true ? undefined : given.relids }),
  describe: () => 'resume',
  endsWithCall: true,
  perform(guest, { relids }) {
    guest.resume(relids);
  },
  check: (_action, _at, { relids }) => relids.renumber(),
});

export const shutdown = defineAction({
  name: 'shutdown',
  value: yes.describe('The guest powers off'),
  fields: () => ({}),
  describe: () => 'shutdown',
  endsWithCall: true,
  perform(guest) {
    guest.shutdown();
  },
});
