import type { ErrnoCode } from '../lib/errno.js';
import type { TraceEvent } from './event.js';
import { FilterTerm, type FilterContext, filterMessages, Refused } from './filter-term.js';
import type { TraceFilter } from './filtered-event.js';

/** Why a text is no filter, and where. */
export interface FilterError {
  /** What the write gives. */
  readonly code: ErrnoCode;
  /** undefined: the kernel does not say. */
  readonly message: string | undefined;
  /** Characters before it; may be one more than the text has. */
  readonly at: number;
}

/** A filter as parsed: terms and what joins them. */
type Token = '(' | ')' | '!' | '&&' | '||' | TraceFilter;

/**
 * Reads a filter (kernel/trace/trace_events_filter.c): comparisons of fields with `&&`, `||`, `!` and parentheses. Texts
 * know ==, != and ~, which takes *, ? and classes such as [0-3]; numbers the others and &.
 */
export function parseFilter(
  text: string,
  event: TraceEvent,
  context: FilterContext,
): { readonly passes: TraceFilter } | FilterError {
  try {
    balanced(text);
    return { passes: joined(tokensOf(text, event, context)) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { why, at, code } = error;
    return { code, message: why === undefined ? undefined : filterMessages[why], at };
  }
}

/** Parentheses and quotes are looked at before all else (calc_stack, whose errors go out as they are). */
function balanced(text: string): void {
  const open: number[] = [];
  let quote = '';
  let quotedAt = 0;
  let terms = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isSpace(char)) continue;
    if (quote !== '') {
      if (char === quote) quote = '';
      continue;
    }
    if (char === '"' || char === "'") {
      quote = char;
      quotedAt = at;
    }
    if (char === '(') open.push(at);
    else if (char === ')') {
      if (open.pop() === undefined) throw new Refused('tooFewOpen', at, 'EPERM');
    } else if ((char !== '&' && char !== '|') || text[at + 1] !== char) terms += 1;
  }
  if (quote !== '') throw new Refused('missingQuote', quotedAt, 'ESRCH');
  const unclosed = open.pop();
  if (unclosed !== undefined) throw new Refused('tooManyOpen', unclosed, 'ENOENT');
  if (terms === 0) throw new Refused(undefined, 0);
}

/** The first pass of predicate_parse. */
function tokensOf(text: string, event: TraceEvent, context: FilterContext): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at];
    if (isSpace(char)) {
      at += 1;
      continue;
    }
    if (char === '(' || (char === '!' && !/[=~]/.test(text[at + 1] ?? ''))) {
      tokens.push(char);
      at += 1;
      continue;
    }
    const term = new FilterTerm(text, at, event, context);
    tokens.push(term.parse());
    at = term.end;
    for (;;) {
      while (at < text.length && isSpace(text[at])) at += 1;
      if (at >= text.length) break;
      const joint = joints.find((known) => text.startsWith(known, at));
      if (joint === undefined) throw new Refused('tooManyTerms', at, 'EPERM');
      tokens.push(joint);
      at += joint.length;
      if (joint !== ')') break;
    }
  }
  const last = tokens.findLastIndex((token) => typeof token === 'function' || token === ')');
  if (last < 0) throw new Refused('noFilter', text.length);
  return tokens.slice(0, last + 1);
}

const joints = ['&&', '||', ')'] as const;

/** What the terms say together; && binds closer than ||, and what the end joins to nothing has been left out. */
function joined(tokens: readonly Token[]): TraceFilter {
  let at = 0;
  function any(): TraceFilter {
    const all = [every()];
    while (tokens[at] === '||') {
      at += 1;
      all.push(every());
    }
    return all.length === 1 ? all[0] : (event) => all.some((one) => one(event));
  }
  function every(): TraceFilter {
    const all = [one()];
    while (tokens[at] === '&&') {
      at += 1;
      all.push(one());
    }
    return all.length === 1 ? all[0] : (event) => all.every((one) => one(event));
  }
  function one(): TraceFilter {
    const token = tokens[at++];
    if (typeof token === 'function') return token;
    const inner = token === '!' ? one() : any();
    if (token === '!') return (event) => !inner(event);
    at += 1;
    return inner;
  }
  return any();
}

/** As the kernel's isspace of a byte. */
function isSpace(char: string): boolean {
  return /[\t-\r \u00a0]/.test(char);
}
