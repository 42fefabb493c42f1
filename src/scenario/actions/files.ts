import { guestPath, printTarget, textOrNumber } from '../schema/notations.js';
import { defineAction } from './action.js';
import { aText, nothing } from './expects.js';

export const write = defineAction({
  name: 'write',
  value: guestPath.describe("Write data to a file of the guest's /proc, /sys or /dev"),
  companions: { data: textOrNumber.optional().describe('what to write') },
  needs: { data: 'what to write' },
  fields: (path, { data }) => ({ path, data: String(data) }),
  describe: ({ path, data }) => `write ${JSON.stringify(data)} to ${path}`,
  endsWithCall: true,
  perform(guest, { path, data }) {
    guest.writeFile(path, data);
  },
});

export const read = defineAction({
  name: 'read',
  value: guestPath.describe("Read a file of the guest's /proc, /sys or /dev"),
  expects: aText,
  fields: (path) => ({ path }),
  describe: ({ path }) => `read ${path}`,
  perform: (guest, { path }) => ({ kind: 'text', text: guest.readFile(path) }),
});

export const print = defineAction({
  name: 'print',
  value: printTarget.describe('Print a file of the guest'),
  expects: nothing('use "read"'),
  fields: (path) => ({ path }),
  describe: ({ path }) => `print ${path}`,
  perform: (guest, { path }) => ({ kind: 'text', text: guest.readFile(path), printAs: path }),
});
