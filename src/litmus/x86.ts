import { memoryBarrier, readBarrier, writeBarrier } from '../machine/memory.js';
import type { Procedure, Step } from '../machine/step.js';
import { type Located, type Source, splitAt, trimmed } from './litmus-error.js';
import type { Instruction, Names, Thread, Value } from './thread.js';

const barriers: Readonly<Record<string, Step>> = {
  MFENCE: memoryBarrier,
  LFENCE: readBarrier,
  SFENCE: writeBarrier,
};

const calculations: Readonly<Record<string, (to: number, from: number) => number>> = {
  MOV: (_, from) => from,
  ADD: (to, from) => to + from,
  SUB: (to, from) => to - from,
  XOR: (to, from) => to ^ from,
  AND: (to, from) => to & from,
  OR: (to, from) => to | from,
};

const jumps: Readonly<Record<string, (flags: number) => boolean>> = {
  JMP: () => true,
  JE: (flags) => flags === 0,
  JZ: (flags) => flags === 0,
  JNE: (flags) => flags !== 0,
  JNZ: (flags) => flags !== 0,
};

/** An operand: a register or a number, or a word in memory. */
type Operand =
  | { readonly kind: 'register'; readonly name: string }
  | { readonly kind: 'number'; readonly value: Value }
  | { readonly kind: 'memory'; readonly address: Value };

/** Reads an instruction of x86 in herd's syntax, the operand that is written first. */
export function readX86(source: Source, cell: Located, names: Names): Instruction {
  const locked = /^LOCK\b[;\s]*/i.exec(cell.text)?.[0] ?? '';
  const text = cell.text.slice(locked.length);
  const [, mnemonic, rest] = /^(\S+)\s*(.*)$/s.exec(text) ?? [text, text, ''];
  const name = mnemonic.toUpperCase();
  const at = { text: rest, offset: cell.offset + cell.text.length - rest.length };
  if (name in jumps) return jump(name, rest.trim());
  const operands = rest === '' ? [] : splitAt(at, ',').map((part) => operandOf(source, trimmed(part), names));
  const effect = effectOf(name, locked !== '', operands);
  if (effect === undefined) {
    throw source.error(cell.offset, `unknown instruction ${cell.text.replace(/\s+/g, ' ')}`);
  }
  return asInstruction(effect);
}

type Effect = (thread: Thread) => Procedure<void>;

function asInstruction(effect: Effect): Instruction {
  return function* (thread) {
    yield* effect(thread);
    return undefined;
  };
}

function operandOf(source: Source, { text, offset }: Located, names: Names): Operand {
  if (/^\$?-?(0x)?\d+$/i.test(text)) {
    return { kind: 'number', value: { number: Number(text.replace('$', '')), view: 0 } };
  }
  const [, name] = /^\[\s*([A-Za-z_]\w*)\s*\]$/.exec(text) ?? [];
  if (name !== undefined) return { kind: 'memory', address: { number: names.addressOf(name), view: 0 } };
  if (/^[ER][A-Z0-9]{2}$/i.test(text)) return { kind: 'register', name: x86Register(text) };
  throw source.error(offset, `expected a register, a number or a word, such as EAX, $1 or [x], not ${text}`);
}

/** The register that a condition names, as the thread has it. */
export function x86Register(name: string): string {
  return name.toUpperCase().replace(/^R(?=[A-Z]{2}$)/, 'E');
}

function jump(name: string, label: string): Instruction {
  return function* (thread) {
    if (name !== 'JMP') thread.branchOn(thread.flags);
    return jumps[name](thread.flags.number) ? label : undefined;
  };
}

function effectOf(name: string, isLocked: boolean, operands: readonly Operand[]): Effect | undefined {
  const [to, from] = operands;
  if (operands.length === 0) return withoutOperands(name, isLocked);
  if (name === 'INC' || name === 'DEC') {
    if (operands.length !== 1) return undefined;
    const one: Operand = { kind: 'number', value: { number: name === 'INC' ? 1 : -1, view: 0 } };
    return calculation('ADD', to, one, isLocked);
  }
  if (operands.length !== 2) return undefined;
  switch (name) {
    case 'CMP':
      return function* (thread) {
        const [a, b] = [yield* read(thread, to), yield* read(thread, from)];
        thread.flags = { number: a.number - b.number, view: Math.max(a.view, b.view) };
      };
    case 'XCHG':
      return exchange(to, from);
    case 'XADD':
      return isLocked ? exchangeAdd(to, from) : undefined;
    case 'CMPXCHG':
      return isLocked ? compareExchange(to, from) : undefined;
    default:
      return name in calculations ? calculation(name, to, from, isLocked) : undefined;
  }
}

function withoutOperands(name: string, isLocked: boolean): Effect | undefined {
  if (isLocked) return undefined;
  if (name === 'NOP') return function* () {};
  const step = barriers[name];
  if (step === undefined) return undefined;
  return function* () {
    yield step;
  };
}

function* read(thread: Thread, operand: Operand): Procedure<Value> {
  if (operand.kind === 'number') return operand.value;
  if (operand.kind === 'register') return thread.get(operand.name);
  return yield* thread.load(operand.address);
}

/** At most one operand is in memory; with LOCK it is the one that is written. */
function calculation(name: string, to: Operand, from: Operand, isLocked: boolean): Effect | undefined {
  if (to.kind === 'number' || (to.kind === 'memory' && from.kind === 'memory')) return undefined;
  const calculate = calculations[name];
  if (isLocked) {
    if (to.kind !== 'memory' || name === 'MOV') return undefined;
    return function* (thread) {
      const { number } = yield* read(thread, from);
      yield* thread.update(to.address, (before) => calculate(before, number));
    };
  }
  return function* (thread) {
    const value = yield* read(thread, from);
    const old = name === 'MOV' ? value : yield* read(thread, to);
    const next = { number: calculate(old.number, value.number), view: Math.max(old.view, value.view) };
    if (to.kind === 'register') thread.set(to.name, next);
    else yield* thread.store(to.address, next);
  };
}

/** It is locked with or without LOCK. */
function exchange(a: Operand, b: Operand): Effect | undefined {
  const [memory, register] = a.kind === 'memory' ? [a, b] : [b, a];
  if (memory.kind !== 'memory' || register.kind !== 'register') return undefined;
  return function* (thread) {
    thread.set(register.name, yield* thread.swap(memory.address, thread.get(register.name)));
  };
}

function exchangeAdd(to: Operand, from: Operand): Effect | undefined {
  if (to.kind !== 'memory' || from.kind !== 'register') return undefined;
  return function* (thread) {
    const { number } = thread.get(from.name);
    thread.set(from.name, yield* thread.update(to.address, (before) => before + number));
  };
}

/** If memory holds what EAX does, it is replaced; else EAX gets what it holds. */
function compareExchange(to: Operand, from: Operand): Effect | undefined {
  if (to.kind !== 'memory' || from.kind !== 'register') return undefined;
  return function* (thread) {
    const { number: expected } = thread.get('EAX');
    const { number } = thread.get(from.name);
    const before = yield* thread.update(to.address, (value) => (value === expected ? number : undefined));
    thread.flags = { number: before.number - expected, view: before.view };
    if (before.number !== expected) thread.set('EAX', before);
  };
}
