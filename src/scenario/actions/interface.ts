import type { IndirectionChoice } from '../port.js';
import { bool, relid } from '../schema/notations.js';
import { int, keysIn, list, mapping, whenMapping } from '../schema/shapes.js';
import { defineAction } from './action.js';

const ways = ['equal', 'weights', 'default'] as const;

const value = mapping('{relid: 13, equal: 2}', {
  relid,
  equal: int(1, 64).optional().describe('The first so many channels in turn'),
  weights: list('a list of weights', int(0, 1_000_000))
    .optional()
    .describe('How much each channel has of the table'),
  default: bool.optional().describe('true: all channels in turn, as without this'),
})
  .superRefine((given, context) => {
    if (keysIn(given, ways).length !== 1 || given.default === false)
      context.addIssue({ code: 'custom', message: 'give one of equal, weights and default: true' });
  }, whenMapping)
  .describe('Change which channels of a network device its frames come by (ethtool -X)');

export const indirection = defineAction({
  name: 'indirection',
  value,
  fields: ({ relid: nic, equal, weights }): { relid: number; choice: IndirectionChoice } => {
    if (equal !== undefined) return { relid: nic, choice: { equal } };
    return { relid: nic, choice: weights === undefined ? { default: true } : { weights } };
  },
  describe: (action) => `indirection table of relid ${action.relid}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.setIndirection(action.relid, action.choice);
  },
});

export const ifdown = defineAction({
  name: 'ifdown',
  value: relid.describe('The interface of the network device with this primary channel goes down'),
  fields: (number) => ({ relid: number }),
  describe: (action) => `ifdown of relid ${action.relid}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.setInterface(action.relid, false);
  },
});

export const ifup = defineAction({
  name: 'ifup',
  value: relid.describe('The interface of the network device with this primary channel goes up'),
  fields: (number) => ({ relid: number }),
  describe: (action) => `ifup of relid ${action.relid}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.setInterface(action.relid, true);
  },
});
