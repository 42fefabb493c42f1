import { z } from 'zod';
import { type ErrnoCode, errnoNumbers } from '../../lib/errno.js';
import type { Expectation } from '../expectation.js';
import { didYouMean } from '../suggest.js';

/** What a step says of what must come of it. */
export interface GivenExpectation {
  readonly expect?: string | number | undefined;
  /** Keys that only some actions have for it. */
  readonly [key: string]: unknown;
}

/** What may be expected of an action. */
export interface Expects {
  /** Keys of a step, beside `expect`, that say what is expected. */
  readonly keys: z.ZodRawShape;
  /** A step with the action must have `expect`. */
  readonly isRequired: boolean;
  /** What is wrong with what a step with the action `name` expects; undefined if nothing. */
  problem(name: string, given: GivenExpectation): string | undefined;
  /** What is expected, once nothing is wrong with it. */
  read(given: GivenExpectation): Expectation;
}

const errnoNames = Object.keys(errnoNumbers);

function isErrnoName(expect: unknown): boolean {
  return errnoNames.includes(String(expect));
}

/** What is expected where nothing is to come of an action, ever. */
const HANG = 'hang';

/** Success, an errno, or a hang. */
export const anErrno: Expects = {
  keys: {},
  isRequired: false,
  problem(_name, { expect }) {
    if (expect === undefined || expect === HANG || isErrnoName(expect)) return undefined;
    return `expected the name of an errno such as EBUSY, or hang, not ${JSON.stringify(expect)}${didYouMean(String(expect), [...errnoNames, HANG])}`;
  },
  read({ expect }) {
    if (expect === HANG) return { kind: HANG };
    return expect === undefined ? { kind: 'success' } : { kind: 'errno', code: expect as ErrnoCode };
  },
};

/** A number, which must be given. */
export const aNumber: Expects = {
  keys: {},
  isRequired: true,
  problem: (name, { expect }) =>
    typeof expect === 'number' ? undefined : `"${name}" needs "expect" with the number that must be there`,
  read: ({ expect }) => ({ kind: 'count', count: Number(expect) }),
};

/** A text, or a part of one; or an errno. */
export const aText: Expects = {
  keys: {
    contains: z.string({ error: 'a text' }).optional().describe('text that must be in the file'),
  },
  isRequired: false,
  problem: (_name, { expect, contains }) =>
    expect === undefined || contains === undefined ? undefined : 'give "expect" or "contains", not both',
  read({ expect, contains }) {
    if (contains !== undefined) return { kind: 'contains', text: String(contains) };
    if (expect === undefined || isErrnoName(expect)) return anErrno.read({ expect });
    return { kind: 'text', text: String(expect) };
  },
};

/** Nothing. @param instead what to do in place of expecting something, as the end of a sentence. */
export function nothing(instead: string): Expects {
  return {
    keys: {},
    isRequired: false,
    problem: (name, { expect }) =>
      expect === undefined ? undefined : `"${name}" has nothing to expect; ${instead}`,
    read: () => ({ kind: 'success' }),
  };
}
