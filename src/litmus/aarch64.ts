import { memoryBarrier, readBarrier, writeBarrier } from '../machine/memory.js';
import type { Order, Procedure } from '../machine/step.js';
import { type Located, type Source, splitAt, trimmed } from './litmus-error.js';
import { type Instruction, joined, type Thread, type Value, zero } from './thread.js';

/** How the kernel's and Arm's names of an order end. */
const orders: Readonly<Record<string, Order>> = {
  '': 'relaxed',
  A: 'acquire',
  L: 'release',
  AL: 'acquireRelease',
};

/** What is loaded into no register is no acquire. */
const unread: Readonly<Record<string, Order>> = {
  '': 'noReturn',
  A: 'noReturn',
  L: 'noReturnRelease',
  AL: 'noReturnRelease',
};

const loads: Readonly<Record<string, Order | undefined>> = {
  LDR: undefined,
  LDAR: 'acquire',
  LDAPR: 'acquirePc',
};

const stores: Readonly<Record<string, Order | undefined>> = { STR: undefined, STLR: 'release' };

const calculations: Readonly<Record<string, (a: number, b: number) => number>> = {
  ADD: (a, b) => a + b,
  SUB: (a, b) => a - b,
  AND: (a, b) => a & b,
  ORR: (a, b) => a | b,
  EOR: (a, b) => a ^ b,
};

const updates: Readonly<Record<string, (before: number, operand: number) => number>> = {
  LDADD: (before, operand) => before + operand,
  LDCLR: (before, operand) => before & ~operand,
  LDSET: (before, operand) => before | operand,
  LDEOR: (before, operand) => before ^ operand,
};

const branches: Readonly<Record<string, (flags: number) => boolean>> = {
  EQ: (flags) => flags === 0,
  NE: (flags) => flags !== 0,
  GE: (flags) => flags >= 0,
  LT: (flags) => flags < 0,
  GT: (flags) => flags > 0,
  LE: (flags) => flags <= 0,
};

type Read = (thread: Thread) => Value;

/** Counts the store-exclusives of a program. */
export interface Exclusives {
  count: number;
}

/** Reads an instruction of AArch64. */
export function readAarch64(source: Source, cell: Located, exclusives: Exclusives): Instruction {
  const [, mnemonic, rest] = /^(\S+)\s*(.*)$/s.exec(cell.text) ?? [cell.text, cell.text, ''];
  const offset = cell.offset + cell.text.length - rest.length;
  const operands = rest === '' ? [] : operandsOf({ text: rest, offset });
  const reader = new OperandReader(source, cell, operands);
  const name = mnemonic.toUpperCase();
  const instruction =
    access(name, reader) ??
    exclusive(name, reader, exclusives) ??
    atomic(name, reader) ??
    barrier(name, reader) ??
    branch(name, reader) ??
    plain(name, reader);
  if (instruction === undefined) {
    const isPair = /^(LDA?XP|STL?XP|LDP|STP|CASP(A?L?))$/.test(name);
    throw source.error(
      cell.offset,
      isPair ? `${mnemonic} is not read: words are of one size` : `unknown instruction ${mnemonic}`,
    );
  }
  reader.end();
  return instruction;
}

/** Operands are separated by commas, those in brackets are one. */
function operandsOf(text: Located): Located[] {
  const parts: Located[] = [];
  for (const part of splitAt(text, ',')) {
    const last = parts.at(-1);
    if (last?.text.includes('[') === true && !last.text.includes(']')) {
      parts[parts.length - 1] = { text: `${last.text},${part.text}`, offset: last.offset };
    } else parts.push(part);
  }
  return parts.map(trimmed);
}

function access(name: string, reader: OperandReader): Instruction | undefined {
  if (name in loads) {
    const to = reader.register();
    const address = reader.address();
    return function* (thread) {
      thread.set(to, yield* thread.load(address(thread), loads[name]));
      return undefined;
    };
  }
  if (!(name in stores)) return undefined;
  const from = reader.value();
  const address = reader.address();
  return function* (thread) {
    yield* thread.store(address(thread), from(thread), stores[name]);
    return undefined;
  };
}

/** LDXR, LDAXR; STXR and STLXR, which tell by a register whether they have failed; CLREX. */
function exclusive(name: string, reader: OperandReader, exclusives: Exclusives): Instruction | undefined {
  if (name === 'CLREX') {
    return function* (thread) {
      thread.clearExclusive();
      return undefined;
    };
  }
  if (name === 'LDXR' || name === 'LDAXR') {
    const to = reader.register();
    const address = reader.address();
    const order = name === 'LDAXR' ? 'acquire' : undefined;
    const instruction = {};
    return function* (thread) {
      thread.set(to, yield* thread.loadExclusive(instruction, address(thread), order));
      return undefined;
    };
  }
  if (name !== 'STXR' && name !== 'STLXR') return undefined;
  const status = reader.register();
  const from = reader.value();
  const address = reader.address();
  const order = name === 'STLXR' ? 'release' : 'relaxed';
  const number = exclusives.count;
  exclusives.count += 1;
  return function* (thread) {
    const isDone = yield* thread.storeExclusive(number, address(thread), from(thread), order);
    thread.set(status, { number: isDone ? 0 : 1, view: 0 });
    return undefined;
  };
}

/** SWP, CAS, LDADD and the like; STADD is LDADD without a register to load into. */
function atomic(name: string, reader: OperandReader): Instruction | undefined {
  const [, kind, suffix] =
    /^(SWP|CAS|LDADD|LDCLR|LDSET|LDEOR)(A?L?)$/.exec(name) ??
    /^(ST(?:ADD|CLR|SET|EOR))(L?)$/.exec(name)?.map((part) => part.replace(/^ST/, 'LD')) ??
    [];
  if (kind === undefined) return undefined;
  const compared = kind === 'CAS' ? reader.register() : undefined;
  const operand = reader.value();
  const to = compared ?? (name.startsWith('ST') ? 'XZR' : reader.register());
  const address = reader.address();
  const order = to === 'XZR' && kind !== 'CAS' ? unread[suffix] : orders[suffix];
  return function* (thread) {
    const value = operand(thread);
    const at = address(thread);
    const expected = thread.get(to).number;
    thread.set(to, yield* atomically(thread, kind, at, value, expected, order));
    return undefined;
  };
}

function atomically(
  thread: Thread,
  kind: string,
  address: Value,
  value: Value,
  expected: number,
  order: Order,
): Procedure<Value> {
  if (kind === 'SWP') return thread.swap(address, value, order);
  if (kind === 'CAS') {
    return thread.update(address, (before) => (before === expected ? value.number : undefined), order);
  }
  return thread.update(address, (before) => updates[kind](before, value.number), order);
}

function barrier(name: string, reader: OperandReader): Instruction | undefined {
  if (name === 'ISB') {
    return function* (thread) {
      yield* thread.isb();
      return undefined;
    };
  }
  if (name !== 'DMB' && name !== 'DSB') return undefined;
  const kind = reader
    .word(/^(ISH|SY|OSH|NSH)?(LD|ST)?$/i, 'a kind of barrier: SY, ISH, ISHLD, ISHST')
    .toUpperCase();
  const step = kind.endsWith('LD') ? readBarrier : kind.endsWith('ST') ? writeBarrier : memoryBarrier;
  return function* () {
    yield step;
    return undefined;
  };
}

function branch(name: string, reader: OperandReader): Instruction | undefined {
  if (name === 'B') {
    const label = reader.label();
    return function* () {
      return label;
    };
  }
  const [, condition] = /^B\.?(EQ|NE|GE|LT|GT|LE)$/.exec(name) ?? [];
  if (condition !== undefined) return branchIf((thread) => thread.flags, branches[condition], reader.label());
  if (name !== 'CBZ' && name !== 'CBNZ') return undefined;
  const register = reader.value();
  return branchIf(register, branches[name === 'CBZ' ? 'EQ' : 'NE'], reader.label());
}

function branchIf(read: Read, takes: (value: number) => boolean, label: string): Instruction {
  return function* (thread) {
    const value = read(thread);
    thread.branchOn(value);
    return takes(value.number) ? label : undefined;
  };
}

/** What calculates, and touches no memory. */
function plain(name: string, reader: OperandReader): Instruction | undefined {
  const calculation = planOf(name, reader);
  if (calculation === undefined) return undefined;
  return function* (thread) {
    calculation(thread);
    return undefined;
  };
}

function planOf(name: string, reader: OperandReader): ((thread: Thread) => void) | undefined {
  if (name === 'NOP') return () => undefined;
  if (name === 'MOV') {
    const to = reader.register();
    const from = reader.value();
    return (thread) => thread.set(to, from(thread));
  }
  if (name === 'CMP') {
    const [a, b] = [reader.value(), reader.value()];
    return (thread) => {
      thread.flags = joined(a(thread), b(thread), calculations.SUB);
    };
  }
  if (!(name in calculations)) return undefined;
  const to = reader.register();
  const [a, b] = [reader.value(), reader.value()];
  reader.extension();
  return (thread) => thread.set(to, joined(a(thread), b(thread), calculations[name]));
}

class OperandReader {
  private at = 0;

  constructor(
    private readonly source: Source,
    private readonly cell: Located,
    private readonly operands: readonly Located[],
  ) {}

  /** A register that is written; W and X are names of one. */
  register(): string {
    return registerOf(this.word(/^[WX](\d+|ZR)$/i, 'a register'));
  }

  label(): string {
    return this.word(/^\w+$/, 'a label');
  }

  /** A register or an immediate value. */
  value(): Read {
    return operandOf(this.word(/^([WX](\d+|ZR)|#-?\w+)$/i, 'a register or an immediate value, such as #1'));
  }

  /** [Xn], [Xn,#imm] or [Xn,Wm,SXTW]. */
  address(): Read {
    const pattern = /^\[\s*(X\d+)\s*(?:,\s*([WX]\d+|#-?\w+)\s*(?:,\s*[SU]XT[WX])?\s*)?\]$/i;
    const [, base, index] =
      pattern.exec(this.word(pattern, 'an address, such as [X1] or [X1,W2,SXTW]')) ?? [];
    const from = operandOf(base);
    const plus = index === undefined ? undefined : operandOf(index);
    return (thread) => joined(from(thread), plus?.(thread) ?? zero, calculations.ADD);
  }

  /** The kind of extension of the last register, which changes no value here. */
  extension(): void {
    if (this.at < this.operands.length) this.word(/^[SU]XT[WX]$/i, 'SXTW or the end of the instruction');
  }

  word(pattern: RegExp, expected: string): string {
    const operand = this.operands.at(this.at);
    this.at += 1;
    if (operand === undefined) {
      throw this.source.error(this.cell.offset + this.cell.text.length, `expected ${expected}`);
    }
    if (!pattern.test(operand.text)) {
      throw this.source.error(operand.offset, `expected ${expected}, not ${operand.text}`);
    }
    return operand.text;
  }

  end(): void {
    const operand = this.operands.at(this.at);
    if (this.at < this.operands.length && operand !== undefined) {
      throw this.source.error(operand.offset, `expected the end of the instruction, not ${operand.text}`);
    }
  }
}

function registerOf(name: string): string {
  return name.toUpperCase().replace(/^W/, 'X');
}

function operandOf(text: string): Read {
  if (text.startsWith('#')) {
    const value = { number: Number(text.slice(1)), view: 0 };
    return () => value;
  }
  const register = registerOf(text);
  return register === 'XZR' ? () => zero : (thread) => thread.get(register);
}

/** The register that a condition names, as the thread has it. */
export const aarch64Register = registerOf;
