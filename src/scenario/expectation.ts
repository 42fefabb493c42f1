import { unreachable } from '../lib/assert.js';
import type { ErrnoCode } from '../lib/errno.js';
import type { Ns } from '../lib/brand.js';
import { type Answer, HANG, type TimeName } from './actions/answer.js';
import { formatDuration } from './duration.js';

/** What must come of a step. */
export type Expectation =
  | { readonly kind: 'success' }
  | { readonly kind: 'errno'; readonly code: ErrnoCode }
  /** The action never ends, or leaves contexts of the guest behind that hang. */
  | { readonly kind: 'hang' }
  /** A file has exactly this text; its last newline may be left out. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'contains'; readonly text: string }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'limits'; readonly limits: readonly Limit[] };

/** What one of several times must keep to. */
export interface Limit {
  readonly name: TimeName;
  /** As it is written: `<50us`. */
  readonly text: string;
  holds(ns: Ns): boolean;
}

/** How an answer differs from what was expected, as a sentence; undefined if it does not. */
export function mismatch(answer: Answer, expect: Expectation): string | undefined {
  if (answer.kind === 'refused') {
    if (expect.kind === 'errno' && expect.code === answer.code) return undefined;
    if (expect.kind === 'hang' && answer.code === HANG) return undefined;
    return `expected ${describeExpectation(expect)}, but got ${answer.code}: ${answer.reason}`;
  }
  switch (expect.kind) {
    case 'success':
      return undefined;
    case 'errno':
      return `expected ${expect.code}, but it succeeded`;
    case 'hang':
      return 'expected a hang, but it came to an end, and no context of the guest waits for ever';
    case 'count': {
      const found = answer.kind === 'count' ? answer.count : undefined;
      return found === expect.count ? undefined : `expected ${expect.count}, but it is ${found}`;
    }
    case 'limits': {
      const times = answer.kind === 'times' ? answer.times : undefined;
      const broken = expect.limits.filter(({ name, holds }) => times === undefined || !holds(times[name]));
      if (broken.length === 0) return undefined;
      const found = broken.map(({ name }) => `${name} is ${times && formatDuration(times[name])}`);
      return `expected ${describeLimits(broken)}, but ${found.join(' and ')}`;
    }
    case 'text': {
      const text = answer.kind === 'text' ? answer.text : '';
      if (text === expect.text || text === expect.text + '\n') return undefined;
      return `expected ${shortened(expect.text)}, but it is ${shortened(text)}`;
    }
    case 'contains': {
      const text = answer.kind === 'text' ? answer.text : '';
      if (text.includes(expect.text)) return undefined;
      return `expected a text that contains ${JSON.stringify(expect.text)}, but it is ${shortened(text)}`;
    }
    default:
      return unreachable(expect);
  }
}

function describeExpectation(expect: Expectation): string {
  switch (expect.kind) {
    case 'success':
      return 'success';
    case 'errno':
      return expect.code;
    case 'hang':
      return HANG;
    case 'count':
      return String(expect.count);
    case 'limits':
      return describeLimits(expect.limits);
    case 'text':
      return JSON.stringify(expect.text);
    case 'contains':
      return `a text that contains ${JSON.stringify(expect.text)}`;
    default:
      return unreachable(expect);
  }
}

function describeLimits(limits: readonly Limit[]): string {
  return limits.map(({ name, text }) => `${name} ${text}`).join(' and ');
}

const SHOWN_CHARACTERS = 160;

/** A text as a message shows it: its beginning, if it is long. */
function shortened(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))}… (${text.length} characters)`;
}
