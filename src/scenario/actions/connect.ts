import { int } from '../schema/shapes.js';
import { defineAction } from './action.js';

export const connect = defineAction({
  name: 'connect',
  value: int(0, 0xffffffff).describe('A socket of the guest connects to this vsock port of the host'),
  fields: (port) => ({ port }),
  describe: ({ port }) => `connect to port ${port}`,
  endsWithCall: true,
  perform(guest, { port }) {
    guest.connect(port);
  },
});
