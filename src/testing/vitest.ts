// Importing this adds the matchers to vitest's expect.
import { expect } from 'vitest';
import * as matchers from './matchers.js';
import type { IrqlabMatchers } from './matchers.js';

export * from './matchers.js';

declare module 'vitest' {
  interface Matchers<T> extends IrqlabMatchers<void> {}
}

expect.extend(matchers);
