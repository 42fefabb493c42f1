import { takesRelids } from '../offered-devices.js';
import { checkFunctions, device } from '../schema/device.js';
import { relid } from '../schema/notations.js';
import { int, mapping } from '../schema/shapes.js';
import { defineAction } from './action.js';

export const offer = defineAction({
  name: 'offer',
  value: device.describe('The host offers one more device'),
  fields: (offered) => ({ device: offered }),
  describe: ({ device: offered }) =>
    `offer ${offered.driver ?? `class ${offered.class}`} as relid ${offered.relid}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.offer(action.device);
  },
  check(action, at, { relids, pci }) {
    relids.offer(action.device, at);
    if (takesRelids(action.device)) relids.give();
    checkFunctions(action.device, at, pci);
  },
});

export const rescind = defineAction({
  name: 'rescind',
  value: relid.describe('The host takes this channel back'),
  fields: (number) => ({ relid: number }),
  describe: (action) => `rescind ${action.relid}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.rescind(action.relid);
  },
  check(action, _at, { relids, pci }) {
    relids.rescind(action.relid);
    pci.rescind(action.relid);
  },
});

export const channels = defineAction({
  name: 'channels',
  value: mapping('{relid: 13, count: 4}', { relid, count: int(1, 64) }).describe(
    'Change the number of channels of a network device (ethtool -L)',
  ),
  fields: (given) => given,
  describe: (action) => `channels of relid ${action.relid} to ${action.count}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.setChannels(action.relid, action.count);
  },
});
