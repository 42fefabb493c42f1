import type { UioDeed } from '../port.js';
import { relid } from '../schema/notations.js';
import { mapping, word } from '../schema/shapes.js';
import { defineAction } from './action.js';

/** What can be done with a /dev/uio. */
export const uioDeeds = ['open', 'close', 'enable', 'disable'] as const satisfies readonly UioDeed[];

export const uio = defineAction({
  name: 'uio',
  value: mapping('{relid: 13, do: open}', { relid, do: word(uioDeeds) }).describe(
    'A program opens or closes the /dev/uio of a device that uio_hv_generic has, or writes 1 or 0 to it',
  ),
  fields: (given) => ({ relid: given.relid, deed: given.do }),
  describe: (action) => `${action.deed} the uio device of relid ${action.relid}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.useUio(action.relid, action.deed);
  },
});
