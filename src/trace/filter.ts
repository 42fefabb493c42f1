import type { CType } from './c-type.js';
import type { TraceEvent, TraceValues } from './event.js';

/** What has happened, and where. */
export interface FilteredEvent {
  readonly values: TraceValues;
  readonly cpu: number;
  readonly comm: string;
  readonly pid: number;
  /** Of traceFlag. */
  readonly flags: number;
  readonly preemptDepth: number;
}

/** True for events that are let through. */
export type TraceFilter = (event: FilteredEvent) => boolean;

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
  expectString: 'Expecting string field',
  operandTooLong: 'Operand too long',
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
 * know ==, != and ~, which takes *, ? and classes such as [0-3]; numbers the others and &.
 *
 * @param id of the event, its common_type.
 */
export function parseFilter(
  text: string,
  event: TraceEvent,
  id: number,
): { readonly passes: TraceFilter } | FilterError {
  try {
    return { passes: new Parser(text, event, id).parse() };
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
    private readonly id: number,
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
    return all.length === 1 ? all[0] : (event) => all.some((one) => one(event));
  }

  private conjunction(): TraceFilter {
    const all = [this.one()];
    while (this.take('&&')) all.push(this.one());
    return all.length === 1 ? all[0] : (event) => all.every((one) => one(event));
  }

  private one(): TraceFilter {
    if (this.take('!')) {
      const inner = this.one();
      return (event) => !inner(event);
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
    const field = this.fieldOf(name);
    this.skipBlanks();
    if (field === undefined) throw new Refused(name === '' ? 'meaningless' : 'fieldNotFound', this.at + 1);
    const operator = operators.find((known) => this.peek(known));
    if (operator === undefined) throw new Refused('invalidOp', this.at + 1);
    this.take(operator);
    return this.compare(field, operator);
  }

  /** The event's own fields come before those that each has (trace_find_event_field). */
  private fieldOf(name: string): FilterField | undefined {
    const { event, id } = this;
    const type = event.fields.find((known) => known.name === name)?.type;
    if (type === undefined) return genericFields[name];
    const value = name === 'common_type' ? () => id : (commonValues[name] ?? ownValue(name));
    return { type, isText: type.name.includes('char['), value };
  }

  private compare(field: FilterField, operator: Operator): TraceFilter {
    const first = this.text[this.at] ?? '';
    if (first === '"' || first === "'") return this.compareText(field, operator, first);
    if (/[\d-]/.test(first)) return this.compareNumber(field, operator);
    throw new Refused('invalidValue', this.at + 1);
  }

  private compareText({ isText, value }: FilterField, operator: Operator, quote: string): TraceFilter {
    if (!['==', '!=', '~'].includes(operator)) throw new Refused('illegalOp', this.at + 1);
    if (!isText) throw new Refused('expectDigit', this.at + 1);
    const end = this.text.indexOf(quote, this.at + 1);
    if (end < 0) throw new Refused('missingQuote', this.text.length + 1);
    const wanted = this.text.slice(this.at + 1, end);
    if (wanted.length >= MOST_OF_TEXT) throw new Refused('operandTooLong', end + 1);
    this.at = end + 1;
    this.skipBlanks();
    const matches = operator === '~' ? globOf(wanted) : new RegExp(`^${escaped(wanted)}$`, 's');
    return (event) => matches.test(String(value(event))) === (operator !== '!=');
  }

  private compareNumber({ isText, type, value }: FilterField, operator: Operator): TraceFilter {
    if (isText) throw new Refused('expectString', this.at + 1);
    if (operator === '~') throw new Refused('illegalOp', this.at + 1);
    const begin = this.at;
    const text = /^-?[\da-z]*/i.exec(this.text.slice(begin))?.[0] ?? '';
    this.at += text.length;
    if (text.length >= MOST_OF_NUMBER) throw new Refused('operandTooLong', this.at + 1);
    const number = kernelNumber(text, type.signed !== false);
    if (number === undefined) throw new Refused('illegalNumber', begin + 1);
    this.skipBlanks();
    // It is compared as a value of the field's type.
    const bits = type.size * 8;
    const wanted = Number(type.signed !== false ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number));
    return (event) => holds(Number(value(event)), operator, wanted);
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

/** Characters that a text and a number must have less than (MAX_FILTER_STR_VAL, num_buf). */
const MOST_OF_TEXT = 256;
const MOST_OF_NUMBER = 24;

/** What is compared. */
interface FilterField {
  readonly type: CType;
  readonly isText: boolean;
  readonly value: (event: FilteredEvent) => unknown;
}

function ownValue(name: string): FilterField['value'] {
  return ({ values }) => (values as Readonly<Record<string, unknown>>)[name];
}

const commonValues: Readonly<Record<string, FilterField['value']>> = {
  common_flags: ({ flags }) => flags,
  common_preempt_count: ({ preemptDepth }) => preemptDepth,
  common_pid: ({ pid }) => pid,
};
const cpu: FilterField = {
  type: { name: 'int', size: 4, align: 4, signed: true },
  isText: false,
  value: (event) => event.cpu,
};
const comm: FilterField = {
  type: { name: 'char *', size: 8, align: 8, signed: false },
  isText: true,
  value: (event) => event.comm.slice(0, COMM_CHARACTERS),
};
/** TASK_COMM_LEN - 1 */
const COMM_CHARACTERS = 15;
/** What can be asked of all events without being a field of any (trace_define_generic_fields). */
const genericFields: Readonly<Record<string, FilterField | undefined>> = {
  CPU: cpu,
  cpu,
  common_cpu: cpu,
  COMM: comm,
  comm,
};

/** A number as kstrtoll and kstrtoull read it with base 0; undefined for none, and for one that 64 bits do not hold. */
function kernelNumber(text: string, signed: boolean): bigint | undefined {
  const [, minus, digits] = /^(-?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text) ?? [];
  if (digits === undefined || (minus === '-' && !signed)) return undefined;
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const number = minus === '-' ? -BigInt(octal) : BigInt(octal);
  const kept = signed ? BigInt.asIntN(64, number) : BigInt.asUintN(64, number);
  return kept === number ? number : undefined;
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

/** A pattern with *, ?, classes and backslashes (lib/glob.c glob_match). */
function globOf(pattern: string): RegExp {
  const parts = pattern.matchAll(/\\(.)|\[(!?)(\]?[^\]]*)\]|[\s\S]/g);
  const regex = Array.from(parts, ([all, literal, not, members]) => {
    if (literal !== undefined) return escaped(literal);
    if (members !== undefined) return `[${not === '!' ? '^' : ''}${members.replace(/[\\\]^]/g, '\\$&')}]`;
    if (all === '*') return '.*';
    return all === '?' ? '.' : escaped(all);
  });
  return new RegExp(`^${regex.join('')}$`, 's');
}
