// Importing this adds the matchers to jest's expect.
import type {} from 'expect';
import * as matchers from './matchers.js';
import type { IrqlabMatchers } from './matchers.js';

export * from './matchers.js';

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>> extends IrqlabMatchers<R> {}
}

declare global {
  /** Where @types/jest declares what there is without an import. */
  namespace jest {
    interface Matchers<R, T> extends IrqlabMatchers<R> {}
  }
}

interface Expect {
  extend(added: typeof matchers): void;
}

const { expect } = globalThis as { readonly expect?: Expect };
if (expect === undefined)
  throw new Error(
    "irqlab/jest: there is no global expect; with injectGlobals off, call expect.extend(matchers) with import * as matchers from 'irqlab/testing'",
  );
expect.extend(matchers);
