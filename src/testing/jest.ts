// Importing this adds the matchers to jest's expect.
import type {} from 'expect';
import type { CpuId, Relid } from '../lib/brand.js';
import type { ErrnoCode } from '../lib/errno.js';
import * as matchers from './matchers.js';

export * from './matchers.js';

/** What the matchers are in a test. @typeParam R what a matcher returns. */
export interface IrqlabMatchers<R> {
  /** Of a guest: no event of the host was lost since it booted. */
  toHaveLostNoEvents(): R;
  /** Of a guest: the host was last asked to interrupt this CPU for the channel. */
  toHaveChannelOn(relid: Relid, cpu: CpuId): R;
  /** Of a function: the guest refuses what it does with this errno; `text` is in the sentence that says why. */
  toRefuse(code: ErrnoCode, text?: string | RegExp): R;
  /** Of a guest: /proc/interrupts is this text, but for the number of blanks. */
  toMatchInterrupts(text: string): R;
  /** Of what check(model) returns: the search was complete and found nothing. */
  toFindNoRace(): R;
}

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
