import { aarch64Register, readAarch64 } from './aarch64.js';
import { type Condition, parseCondition } from './condition.js';
import { type Located, Source, splitAt, trimmed } from './litmus-error.js';
import { type Instruction, Names, type Program } from './thread.js';
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
  /** What is shown beside what the condition names. */
  readonly locations: readonly string[];
  /** What the file says that is observed, in a comment: `Result: Never`. */
  readonly result?: Observation;
}

export const architectures = ['X86', 'AArch64'] as const;
export type Architecture = (typeof architectures)[number];

/** The parts of a file, without comments. */
interface Parts {
  readonly architecture: Architecture;
  readonly name: string;
  readonly init: Located;
  readonly code: Located;
  readonly locations: Located | undefined;
  readonly condition: Located;
}

/**
 * Reads a litmus test in herd's format.
 *
 * @param file its name, for errors.
 * @throws LitmusError where something is not understood.
 */
export function parseLitmus(file: string, text: string): LitmusTest {
  const source = new Source(file, withoutComments(text));
  const parts = partsOf(source);
  const names = new Names();
  const register = parts.architecture === 'X86' ? x86Register : aarch64Register;
  const columns = columnsOf(source, parts.code);
  const words = new Map<string, number>();
  const registers = columns.map(() => new Map<string, number>());
  for (const entry of splitAt(parts.init, ';').map(trimmed)) {
    if (entry.text !== '') readInit(source, entry, { names, words, registers, register });
  }
  const programs = columns.map((cells) => programOf(source, cells, parts.architecture, names));
  const condition = parseCondition(source, parts.condition);
  const locations = placesIn(parts.locations);
  for (const place of [...condition.places, ...locations]) {
    const thread = /^(\d+):/.exec(place)?.[1];
    if (thread === undefined) names.addressOf(place);
    else if (Number(thread) >= programs.length) {
      throw source.error(parts.condition.offset, `there is no thread ${thread}`);
    }
  }
  const result = /\bResult:\s*(Never|Sometimes|Always)\b/i.exec(text)?.[1];
  return {
    ...{ name: parts.name, architecture: parts.architecture, names, words, registers, programs },
    ...{ condition, locations },
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

function partsOf(source: Source): Parts {
  const { text } = source;
  const [, blank, architecture, name] = /^(\s*)(\S+)[ \t]+(\S+)/.exec(text) ?? [];
  if (name === undefined) throw source.error(0, 'expected an architecture and a name, such as AArch64 MP');
  const known = architectures.find((each) => each.toLowerCase() === architecture.toLowerCase());
  if (known === undefined) {
    throw source.error(
      blank.length,
      `architecture ${architecture} is not read: ${architectures.join(' and ')} are`,
    );
  }
  const begin = text.indexOf('{');
  const end = text.indexOf('}', begin);
  if (begin < 0 || end < 0) throw source.error(text.length, 'expected { first values }');
  const tail = /^[ \t]*(locations|~\s*exists|exists|forall)\b/m.exec(text.slice(end));
  if (tail === null) throw source.error(text.length, 'expected exists, ~exists or forall');
  const at = end + tail.index;
  const rest = trimmed({ text: text.slice(at), offset: at });
  const locations = /^locations\s*\[([^\]]*)\]/.exec(rest.text);
  const skipped = locations?.[0].length ?? 0;
  return {
    ...{ architecture: known, name },
    init: { text: text.slice(begin + 1, end), offset: begin + 1 },
    code: { text: text.slice(end + 1, at), offset: end + 1 },
    locations: locations === null ? undefined : { text: locations[1], offset: rest.offset },
    condition: trimmed({ text: rest.text.slice(skipped), offset: rest.offset + skipped }),
  };
}

function placesIn(locations: Located | undefined): string[] {
  if (locations === undefined) return [];
  return splitAt(locations, ';').flatMap(({ text }) => {
    const place = text.trim().replace(/^\[|\]$/g, '');
    return place === '' ? [] : [place];
  });
}

interface Init {
  readonly names: Names;
  readonly words: Map<string, number>;
  readonly registers: readonly Map<string, number>[];
  readonly register: (name: string) => string;
}

/** `x=1`, `int x = 1`, `0:X1=x`, `uint64_t y`. */
function readInit(source: Source, { text, offset }: Located, init: Init): void {
  const pattern = /^(?:[A-Za-z_]\w*\s+)?(?:(\d+):)?\[?([A-Za-z_]\w*)\]?\s*(?:=\s*&?(\w+|-\d+))?$/;
  const [, thread, name, value = '0'] = pattern.exec(text) ?? [];
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

function programOf(
  source: Source,
  cells: readonly Located[],
  architecture: Architecture,
  names: Names,
): Program {
  const instructions: Instruction[] = [];
  const labels = new Map<string, number>();
  for (const cell of cells) {
    const [prefix = '', label] = /^(\w+):\s*/.exec(cell.text) ?? [];
    if (label !== undefined) labels.set(label, instructions.length);
    const rest = { text: cell.text.slice(prefix.length), offset: cell.offset + prefix.length };
    if (rest.text === '') continue;
    instructions.push(architecture === 'X86' ? readX86(source, rest, names) : readAarch64(source, rest));
  }
  return { instructions, labels };
}
