import { aarch64Register, readAarch64 } from './aarch64.js';
import { readC } from './c-program.js';
import { type Condition, type Filter, parseCondition, parseFilter } from './condition.js';
import { type Located, Source, splitAt, trimmed } from './litmus-error.js';
import { inOrder, type Instruction, Names, type Program } from './thread.js';
import { readX86, x86Register } from './x86.js';

/** How a test's states met its condition. */
export type Observation = 'Never' | 'Sometimes' | 'Always';

/** A litmus test as its file has it. */
export interface LitmusTest {
  readonly name: string;
  readonly architecture: Architecture;
  /** The words; and what else is an address. */
  readonly names: Names;
  /** First values of words, by name; of registers, by thread. */
  readonly words: ReadonlyMap<string, number>;
  readonly registers: readonly ReadonlyMap<string, number>[];
  readonly programs: readonly Program[];
  readonly condition: Condition;
  /** Final states for which it does not hold do not count. */
  readonly filter?: Filter;
  /** What is shown beside what the condition names. */
  readonly locations: readonly string[];
  /** What the file says that is observed, in a comment: `Result: Never`. */
  readonly result?: Observation;
}

export const architectures = ['X86', 'AArch64', 'C'] as const;
export type Architecture = (typeof architectures)[number];

/** The parts of a file, without comments. */
interface Parts {
  readonly architecture: Architecture;
  readonly name: string;
  readonly init: Located;
  readonly code: Located;
  readonly locations: Located | undefined;
  readonly filter: Located | undefined;
  readonly condition: Located;
}

/** The register that a name means, as the thread has it. */
export const registerNames: Readonly<Record<Architecture, (name: string) => string>> = {
  X86: x86Register,
  AArch64: aarch64Register,
  C: (name) => name,
};

/**
 * Reads a litmus test in herd's format.
 *
 * @param file its name, for errors.
 * @throws LitmusError where something is not understood.
 */
export function parseLitmus(file: string, text: string): LitmusTest {
  const source = new Source(file, /^\s*C\s/.test(text) ? withoutCComments(text) : withoutComments(text));
  const parts = partsOf(source);
  const names = new Names();
  const register = registerNames[parts.architecture];
  const words = new Map<string, number>();
  const programs = programsOf(source, parts, names);
  const registers = programs.map(() => new Map<string, number>());
  for (const entry of splitAt(parts.init, ';').map(trimmed)) {
    if (entry.text !== '') readInit(source, entry, { names, words, registers, register });
  }
  const condition = parseCondition(source, parts.condition);
  const filter = parts.filter === undefined ? undefined : parseFilter(source, parts.filter);
  const locations = placesIn(parts.locations);
  for (const place of [...condition.places, ...(filter?.places ?? []), ...locations]) {
    const thread = /^(\d+):/.exec(place)?.[1];
    if (thread === undefined) names.addressOf(place);
    else if (Number(thread) >= programs.length) {
      throw source.error(parts.condition.offset, `there is no thread ${thread}`);
    }
  }
  const result = /\bResult:\s*(Never|Sometimes|Always)\b/i.exec(text)?.[1];
  return {
    ...{ name: parts.name, architecture: parts.architecture, names, words, registers, programs },
    ...{ condition, locations, ...(filter !== undefined && { filter }) },
    ...(result !== undefined && { result: capitalised(result) }),
  };
}

function capitalised(text: string): Observation {
  return `${text[0].toUpperCase()}${text.slice(1).toLowerCase()}` as Observation;
}

/** Comments are (* … *), one in another too; they become blanks, so that all else stays where it is. */
function withoutComments(text: string): string {
  let depth = 0;
  return text.replace(/\(\*|\*\)|[^\n]/g, (piece) => {
    if (piece === '(*') depth += 1;
    const isComment = depth > 0;
    if (piece === '*)' && depth > 0) depth -= 1;
    return isComment ? ' '.repeat(piece.length) : piece;
  });
}

/** In C `(*` may be code: such comments stand before the first values and behind the threads only. */
function withoutCComments(text: string): string {
  const head = /^(?:\(\*[\s\S]*?\*\)|[^{])*/.exec(text)?.[0].length ?? 0;
  const rest = text.slice(head).replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, blanks);
  const end = rest.lastIndexOf('}') + 1;
  return withoutComments(text.slice(0, head)) + rest.slice(0, end) + withoutComments(rest.slice(end));
}

function blanks(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

function partsOf(source: Source): Parts {
  const { text } = source;
  const [, blank, architecture, name] = /^(\s*)(\S+)[ \t]+(\S+)/.exec(text) ?? [];
  if (name === undefined) throw source.error(0, 'expected an architecture and a name, such as AArch64 MP');
  const known = architectures.find((each) => each.toLowerCase() === architecture.toLowerCase());
  if (known === undefined && !/^\w+$/.test(architecture))
    throw source.error(
      blank.length,
      'this is no litmus test: one begins with an architecture and a name, such as AArch64 MP',
    );
  if (known === undefined) {
    throw source.error(
      blank.length,
      `architecture ${architecture} is not read: ${architectures.join(', ').replace(/, (\S+)$/, ' and $1')} are`,
    );
  }
  const begin = text.indexOf('{');
  const end = text.indexOf('}', begin);
  if (begin < 0 || end < 0) throw source.error(text.length, 'expected { first values }');
  const tail = /^[ \t]*(locations|filter|~\s*exists|exists|forall)\b/m.exec(text.slice(end));
  if (tail === null) throw source.error(text.length, 'expected exists, ~exists or forall');
  const at = end + tail.index;
  const [rest, locations] = beginningOf(
    trimmed({ text: text.slice(at), offset: at }),
    /^locations\s*\[[^\]]*\]/,
  );
  const [condition, filter] = beginningOf(rest, /^filter\b[\s\S]*?(?=~\s*exists\b|\bexists\b|\bforall\b|$)/);
  return {
    ...{ architecture: known, name, locations, filter, condition },
    init: { text: text.slice(begin + 1, end), offset: begin + 1 },
    code: { text: text.slice(end + 1, at), offset: end + 1 },
  };
}

/** The piece behind its beginning, and the beginning. */
function beginningOf({ text, offset }: Located, pattern: RegExp): [Located, Located | undefined] {
  const found = pattern.exec(text)?.[0];
  if (found === undefined) return [{ text, offset }, undefined];
  const rest = { text: text.slice(found.length), offset: offset + found.length };
  return [trimmed(rest), trimmed({ text: found, offset })];
}

function placesIn(locations: Located | undefined): string[] {
  if (locations === undefined) return [];
  const [, list = ''] = /\[([^\]]*)\]/.exec(locations.text) ?? [];
  return list.split(';').flatMap((each) => {
    const place = each.trim();
    return place === '' ? [] : [place];
  });
}

interface Init {
  readonly names: Names;
  readonly words: Map<string, number>;
  readonly registers: readonly Map<string, number>[];
  readonly register: (name: string) => string;
}

/** `x=1`, `int x = 1`, `int *p = &x`, `atomic_t v = ATOMIC_INIT(1)`, `0:X1=x`, `uint64_t y`. */
function readInit(source: Source, { text, offset }: Located, init: Init): void {
  const pattern =
    /^(?:[A-Za-z_]\w*[\s*]+)*(?:(\d+):)?\[?([A-Za-z_]\w*)\]?\s*(?:=\s*(?:ATOMIC_INIT\((-?\w+)\)|&?(\w+|-\d+)))?$/;
  const [, thread, name, initial, value = initial ?? '0'] = pattern.exec(text) ?? [];
  if (name === undefined)
    throw source.error(offset, `expected a first value, such as x=1 or 0:X1=x, not ${text}`);
  const number = /^(-?\d|0x)/i.test(value) ? Number(value) : init.names.addressOf(value);
  if (thread === undefined) {
    init.names.addressOf(name);
    init.words.set(name, number);
    return;
  }
  const registers = init.registers.at(Number(thread));
  if (registers === undefined || Number(thread) >= init.registers.length) {
    throw source.error(offset, `there is no thread ${thread}`);
  }
  registers.set(init.register(name), number);
}

/** The cells of each thread, from top to bottom. */
function columnsOf(source: Source, code: Located): Located[][] {
  const rows = splitAt(code, ';')
    .filter(({ text }) => text.trim() !== '')
    .map((row) => splitAt(row, '|').map(trimmed));
  const [head, ...body] = rows;
  if (head === undefined) throw source.error(code.offset, 'expected the threads: P0 | P1 ;');
  head.forEach(({ text, offset }, thread) => {
    if (text !== `P${thread}`) throw source.error(offset, `expected P${thread}`);
  });
  for (const row of body) {
    if (row.length > head.length) {
      throw source.error(row[head.length].offset, `expected ;, for there are ${head.length} threads`);
    }
  }
  return head.map((_, thread) => body.flatMap((row) => (thread < row.length ? [row[thread]] : [])));
}

function programsOf(source: Source, { architecture, code }: Parts, names: Names): Program[] {
  if (architecture === 'C') return readC(source, code, names);
  return columnsOf(source, code).map((cells) => {
    const exclusives = { count: 0 };
    const run = runOf(cells, (cell) =>
      architecture === 'X86' ? readX86(source, cell, names) : readAarch64(source, cell, exclusives),
    );
    return { run, storeExclusives: exclusives.count };
  });
}

function runOf(cells: readonly Located[], read: (cell: Located) => Instruction): Program['run'] {
  const instructions: Instruction[] = [];
  const labels = new Map<string, number>();
  for (const cell of cells) {
    const [prefix = '', label] = /^(\w+):\s*/.exec(cell.text) ?? [];
    if (label !== undefined) labels.set(label, instructions.length);
    const rest = { text: cell.text.slice(prefix.length), offset: cell.offset + prefix.length };
    if (rest.text !== '') instructions.push(read(rest));
  }
  return inOrder(instructions, labels);
}
