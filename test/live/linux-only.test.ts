import { expect, test } from '@jest/globals';
import { exportTree } from '../../src/live/export-tree.js';
import { linuxOnly } from '../../src/live/linux-only.js';
import { Guest } from '../../src/guest/guest.js';

test('says what does the like of a mount elsewhere', () => {
  expect(() => linuxOnly('a guest can be mounted', 'linux')).not.toThrow();
  expect(() => linuxOnly('a guest can be mounted', 'darwin')).toThrow('a guest can be mounted on Linux only');
  expect(() => linuxOnly('a guest can be mounted', 'win32')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('irqlab cat') }),
  );
});

test('says that Windows has no names for a guest’s files, before it writes any', () => {
  const { fs } = Guest.create({ cpus: 1 });
  expect(() => exportTree(fs, '/nonexistent/tree', 'win32')).toThrow(/colons in their names/);
});
