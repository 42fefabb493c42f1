import type { ErrnoCode } from '../lib/errno.js';
import type { AddressSpace } from './binary/address-space.js';
import type { CType } from './c-type.js';
import type { TraceEvent } from './event.js';
import { type FilterField, filterField } from './filter-field.js';
import type { TraceFilter } from './filtered-event.js';
import { globOf } from './glob.js';
import type { TraceBehaviour } from './kernel.js';

export const filterMessages = {
  tooManyOpen: "Too many '('",
  tooFewOpen: "Too few '('",
  missingQuote: 'Missing matching quote',
  missingBraceOpen: "Missing '{'",
  missingBraceClose: "Missing '}'",
  invalidOp: 'Invalid operator',
  expectDigit: 'Expecting numeric field',
  expectString: 'Expecting string field',
  operandTooLong: 'Operand too long',
  illegalOp: 'Illegal operation for field type',
  fieldNotFound: 'Field not found',
  illegalNumber: 'Illegal integer value',
  tooManyTerms: 'Too many terms in predicate expression',
  invalidCpuList: 'Invalid cpulist',
  invalidValue: 'Invalid value (did you forget quotes)?',
  noFunction: 'Function not found',
  noFilter: 'No filter found',
  badSystemFilter: "Couldn't find or set field in one of a subsystem's events",
} as const;
/** What is wrong with a filter, by the name of its message. */
export type FilterMessage = keyof typeof filterMessages;

/** What a filter needs to know besides its event. */
export interface FilterContext {
  /** Of the event, its common_type. */
  readonly id: number;
  readonly behaviour: TraceBehaviour;
  /** Where functions are. */
  readonly addresses: AddressSpace;
  /** The CPUs of a list such as 0-3,8; undefined: it is none, or the machine has not all of them (cpulist_parse). */
  cpusOf(list: string): ReadonlySet<number> | undefined;
}

/** A text is no filter. */
export class Refused extends Error {
  /** @param why undefined: the kernel does not say. */
  constructor(
    readonly why: FilterMessage | undefined,
    readonly at: number,
    readonly code: ErrnoCode = 'EINVAL',
  ) {
    super(why);
  }
}

/** In the order in which they are looked for: the longer one first. */
const operators = ['~', '!=', '==', '<=', '<', '>=', '>', '&'] as const;
type Operator = (typeof operators)[number];

/** Characters that a text and a number must have less than (MAX_FILTER_STR_VAL, num_buf). */
const MOST_OF_TEXT = 256;
const MOST_OF_NUMBER = 24;
/** Bytes of an address. */
const LONG_BYTES = 8;

/** One comparison (parse_pred). Its errors count from one. */
export class FilterTerm {
  private at: number;

  constructor(
    private readonly text: string,
    from: number,
    private readonly event: TraceEvent,
    private readonly context: FilterContext,
  ) {
    this.at = from;
  }

  /** Where the next thing is, once it is parsed. */
  get end(): number {
    return this.at;
  }

  /** @throws Refused */
  parse(): TraceFilter {
    const { context } = this;
    const name = this.takeAll(/\w/);
    if (name === '') throw new Refused(undefined, 0, 'EPERM');
    const field = filterField(this.event, name, context.id);
    if (field === undefined) throw this.refused('fieldNotFound');
    // A text that is a pointer into user space; no event has one.
    this.take('.ustring');
    const isFunction = context.behaviour.filtersCpusAndFunctions && this.take('.function');
    this.skipSpace();
    const operator = operators.find((known) => this.take(known));
    if (operator === undefined) throw this.refused('invalidOp');
    this.skipSpace();
    if (isFunction) return this.ofFunction(field, operator);
    if (context.behaviour.filtersCpusAndFunctions && this.text.startsWith('CPUS', this.at))
      return this.ofCpus(field, operator);
    const first = this.text[this.at] ?? '';
    if (first === '"' || first === "'") return this.ofText(field, operator, first);
    if (/[\d-]/.test(first)) return this.ofNumber(field, operator);
    throw this.refused('invalidValue');
  }

  private ofText({ isText, value }: FilterField, operator: Operator, quote: string): TraceFilter {
    if (operator !== '==' && operator !== '!=' && operator !== '~') throw this.refused('illegalOp');
    if (!isText) throw this.refused('expectDigit');
    const begin = this.at + 1;
    const end = this.text.indexOf(quote, begin);
    this.at = end;
    const wanted = this.text.slice(begin, end);
    if (wanted.length >= MOST_OF_TEXT) throw this.refused('operandTooLong');
    this.at += 1;
    if (operator !== '~') return (event) => (String(value(event)) === wanted) === (operator === '==');
    const inverted = wanted.startsWith('!');
    const matches = patternOf(wanted.slice(Number(inverted)));
    return (event) => matches(String(value(event))) !== inverted;
  }

  private ofNumber({ isText, isCpu, type, value }: FilterField, operator: Operator): TraceFilter {
    if (isText) throw this.refused('expectString');
    if (operator === '~') throw this.refused('illegalOp');
    const begin = this.at;
    this.take('-');
    this.takeAll(/[\da-z]/i);
    const text = this.text.slice(begin, this.at);
    if (text.length >= MOST_OF_NUMBER) throw this.refused('operandTooLong');
    const number = kernelNumber(text, type.signed !== false);
    if (number === undefined) throw new Refused('illegalNumber', begin + 1);
    if (isCpu && operator === '&') return () => false;
    const wanted = asType(number, type);
    return (event) => holds(Number(value(event)), operator, wanted);
  }

  /** CPUS{0-3}: & asks whether it is one of them, == whether it is all of them. */
  private ofCpus({ isText, value }: FilterField, operator: Operator): TraceFilter {
    if (isText || (operator !== '==' && operator !== '!=' && operator !== '&'))
      throw this.refused('illegalOp');
    this.take('CPUS');
    this.at += 1;
    if (this.text[this.at - 1] !== '{') throw this.refused('missingBraceOpen');
    const list = this.takeAll(/[^}]/);
    if (this.text[this.at] !== '}') throw this.refused('missingBraceClose');
    const cpus = list === '' ? undefined : this.context.cpusOf(list);
    if (cpus === undefined) throw this.refused('invalidCpuList');
    this.at += 1;
    if (cpus.size !== 1 && operator !== '&') return () => operator === '!=';
    return (event) => cpus.has(Number(value(event))) === (operator !== '!=');
  }

  /** A function by its name or by an address in it; the model takes any name for a function's. */
  private ofFunction({ type, value }: FilterField, operator: Operator): TraceFilter {
    if (type.size !== LONG_BYTES) throw this.refused('illegalOp');
    if (operator !== '==' && operator !== '!=') throw this.refused('invalidOp');
    const isNumber = /\d/.test(this.text[this.at] ?? '');
    const wanted = this.takeAll(isNumber ? /[\da-z]/i : /[^\t-\r \u00a0]/);
    if (!isNumber) {
      if (!/^[a-z_]\w*$/i.test(wanted)) throw this.refused('noFunction');
      return (event) => (value(event) === wanted) === (operator === '==');
    }
    if (wanted.length >= MOST_OF_NUMBER) throw this.refused('operandTooLong');
    const address = kernelNumber(wanted, false);
    if (address === undefined) throw this.refused('invalidValue');
    const name = this.context.addresses.functionAt(address);
    if (name === undefined) throw this.refused('noFunction');
    return (event) => (value(event) === name) === (operator === '==');
  }

  private refused(why: FilterMessage): Refused {
    return new Refused(why, this.at + 1);
  }

  private take(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  private takeAll(kind: RegExp): string {
    const begin = this.at;
    while (this.at < this.text.length && kind.test(this.text[this.at])) this.at += 1;
    return this.text.slice(begin, this.at);
  }

  private skipSpace(): void {
    this.takeAll(/[\t-\r \u00a0]/);
  }
}

/** A pattern that begins with a digit is meant literally (filter_parse_regex). */
function patternOf(pattern: string): (text: string) => boolean {
  return /^\d/.test(pattern) ? (text) => text === pattern : globOf(pattern);
}

/** A number as kstrtoll and kstrtoull read it with base 0; undefined for none, and for one that 64 bits do not hold. */
function kernelNumber(text: string, signed: boolean): bigint | undefined {
  const [, minus, digits] = /^(-?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text) ?? [];
  if (digits === undefined || (minus === '-' && !signed)) return undefined;
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const number = minus === '-' ? -BigInt(octal) : BigInt(octal);
  const kept = signed ? BigInt.asIntN(64, number) : BigInt.asUintN(64, number);
  return kept === number ? number : undefined;
}

/** A number is compared as a value of the field's type. */
function asType(number: bigint, { size, signed }: CType): number {
  const bits = size * 8;
  return Number(signed !== false ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number));
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
