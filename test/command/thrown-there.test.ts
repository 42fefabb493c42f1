import { expect, test } from '@jest/globals';
import { errorOf, thrownThere } from '../../src/command/thrown-there.js';
import { UsageError } from '../../src/command/usage-error.js';
import { PluginError } from '../../src/lib/plugin-error.js';

test.each([
  new UsageError('cannot load plug-in p.mjs', 'Name it .mjs, or .mts.'),
  new PluginError('it binds nothing', 'p.mjs'),
])('what is thrown in a thread is the same elsewhere: %p', (error) => {
  const there = errorOf(structuredClone(thrownThere(error)));
  expect(there).toBeInstanceOf(error.constructor);
  expect(there).toMatchObject({ ...error });
  expect(there.message).toBe(error.message);
});
