import type { PlacedField, TraceEvent, TraceValues } from './event.js';

/** True for events that are let through. */
export type TraceFilter = (values: TraceValues) => boolean;

/** Why a text is no filter, and where. */
export interface FilterError {
  readonly message: string;
  /** Characters before it; may be one more than the text has. */
  readonly at: number;
}

const messages = {
  tooManyOpen: "Too many '('",
  tooFewOpen: "Too few '('",
  missingQuote: 'Missing matching quote',
  invalidOp: 'Invalid operator',
  expectDigit: 'Expecting numeric field',
  illegalOp: 'Illegal operation for field type',
  fieldNotFound: 'Field not found',
  illegalNumber: 'Illegal integer value',
  meaningless: 'Meaningless filter expression',
  invalidValue: 'Invalid value (did you forget quotes)?',
  noFilter: 'No filter found',
} as const;

class Refused extends Error {
  constructor(
    readonly why: keyof typeof messages,
    readonly at: number,
  ) {
    super(messages[why]);
  }
}

/**
 * Reads a filter (kernel/trace/trace_events_filter.c): comparisons of fields with `&&`, `||`, `!` and parentheses. Texts
 * know ==, != and ~, which takes * and ?; numbers the others and &.
 */
export function parseFilter(text: string, event: TraceEvent): { readonly passes: TraceFilter } | FilterError {
  try {
    return { passes: new Parser(text, event).parse() };
  } catch (error) {
    if (error instanceof Refused) return { message: error.message, at: error.at };
    throw error;
  }
}

const operators = ['==', '!=', '<=', '>=', '<', '>', '&', '~'] as const;
type Operator = (typeof operators)[number];

class Parser {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly event: TraceEvent,
  ) {}

  parse(): TraceFilter {
    this.skipBlanks();
    if (this.at === this.text.length) throw new Refused('noFilter', this.at);
    const filter = this.alternatives();
    if (this.at < this.text.length) throw new Refused(this.peek(')') ? 'tooFewOpen' : 'invalidOp', this.at);
    return filter;
  }

  private alternatives(): TraceFilter {
    const all = [this.conjunction()];
    while (this.take('||')) all.push(this.conjunction());
    return all.length === 1 ? all[0] : (values) => all.some((one) => one(values));
  }

  private conjunction(): TraceFilter {
    const all = [this.one()];
    while (this.take('&&')) all.push(this.one());
    return all.length === 1 ? all[0] : (values) => all.every((one) => one(values));
  }

  private one(): TraceFilter {
    if (this.take('!')) {
      const inner = this.one();
      return (values) => !inner(values);
    }
    if (!this.peek('(')) return this.comparison();
    this.take('(');
    const inner = this.alternatives();
    if (!this.take(')')) throw new Refused('tooManyOpen', this.at);
    return inner;
  }

  /** parse_pred, which counts from one. */
  private comparison(): TraceFilter {
    const name = /^\w*/.exec(this.text.slice(this.at))?.[0] ?? '';
    this.at += name.length;
    const field = this.event.fields.find((known) => known.name === name);
    this.skipBlanks();
    if (field === undefined) throw new Refused(name === '' ? 'meaningless' : 'fieldNotFound', this.at + 1);
    const operator = operators.find((known) => this.peek(known));
    if (operator === undefined) throw new Refused('invalidOp', this.at + 1);
    const operatorAt = this.at;
    this.take(operator);
    return this.compare(field, operator, operatorAt);
  }

  private compare({ name, type }: PlacedField, operator: Operator, operatorAt: number): TraceFilter {
    const quote = this.text[this.at];
    if (quote === '"' || quote === "'") {
      const end = this.text.indexOf(quote, this.at + 1);
      if (end < 0) throw new Refused('missingQuote', this.at + 1);
      if (!isText(type.name)) throw new Refused('expectDigit', this.at + 1);
      if (!['==', '!=', '~'].includes(operator)) throw new Refused('illegalOp', operatorAt + 1);
      const wanted = this.text.slice(this.at + 1, end);
      this.at = end + 1;
      this.skipBlanks();
      const matches = operator === '~' ? globOf(wanted) : new RegExp(`^${escaped(wanted)}$`);
      const value = fieldValue(name);
      return (values) => matches.test(String(value(values))) === (operator !== '!=');
    }
    const digits = /^-?(0x[0-9a-f]+|\d+)/i.exec(this.text.slice(this.at))?.[0];
    if (digits === undefined) throw new Refused('invalidValue', this.at + 1);
    if (isText(type.name) || operator === '~') throw new Refused('illegalOp', operatorAt + 1);
    this.at += digits.length;
    if (/^\w/.test(this.text.slice(this.at))) throw new Refused('illegalNumber', this.at + 1);
    this.skipBlanks();
    const wanted = digits.startsWith('-') ? -Number(digits.slice(1)) : Number(digits);
    const value = fieldValue(name);
    return (values) => holds(Number(value(values)), operator, wanted);
  }

  private peek(token: string): boolean {
    return this.text.startsWith(token, this.at);
  }

  private take(token: string): boolean {
    if (!this.peek(token)) return false;
    this.at += token.length;
    this.skipBlanks();
    return true;
  }

  private skipBlanks(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at += 1;
  }
}

function isText(type: string): boolean {
  return type.includes('char[');
}

function fieldValue(name: string): (values: TraceValues) => unknown {
  return (values) => (values as Readonly<Record<string, unknown>>)[name];
}

function holds(value: number, operator: Exclude<Operator, '~'>, wanted: number): boolean {
  switch (operator) {
    case '==':
      return value === wanted;
    case '!=':
      return value !== wanted;
    case '<':
      return value < wanted;
    case '<=':
      return value <= wanted;
    case '>':
      return value > wanted;
    case '>=':
      return value >= wanted;
    case '&':
      return (BigInt(value) & BigInt(wanted)) !== 0n;
  }
}

function escaped(text: string): string {
  return text.replace(/[.+^${}()|[\]\\*?]/g, '\\$&');
}

function globOf(pattern: string): RegExp {
  return new RegExp(`^${escaped(pattern).replaceAll('\\*', '.*').replaceAll('\\?', '.')}$`);
}
