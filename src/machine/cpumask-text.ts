import { ErrnoError } from '../lib/errno.js';
import { CpuMask } from './cpumask.js';

const NEWLINE = 10;
const COMMA = 44;
/** Character code that stands for the end of the text, as the kernel's terminating NUL does. */
const END = 0;

/** The kernel's isspace(): ASCII white space and the no-break space of Latin-1. */
function isSpace(code: number): boolean {
  return (code >= 9 && code <= 13) || code === 32 || code === 160;
}

function isSeparator(code: number): boolean {
  return code === COMMA || isSpace(code);
}

function isEnd(code: number): boolean {
  return code === END || code === NEWLINE;
}

/** Value of a hexadecimal digit, or -1. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 && code < 128 ? lower - 87 : -1;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/** One 32-bit chunk of a hexadecimal mask, read backwards. `next` is where the text before it ends. */
interface Chunk {
  readonly value: number;
  readonly next: number;
}

/** Reads the chunk whose last digit is at `end` (bitmap_get_x32_reverse). */
function chunkBefore(text: string, end: number): Chunk {
  let value = 0;
  let at = end;
  for (let shift = 0; shift < 32; shift += 4) {
    const digit = hexDigit(text.charCodeAt(at));
    if (digit < 0) {
      throw new ErrnoError(
        'EINVAL',
        `${quoted(text)} is no CPU mask: ${quoted(text[at])} is no hexadecimal digit`,
      );
    }
    value |= digit << shift;
    at -= 1;
    if (at < 0 || isSeparator(text.charCodeAt(at))) return { value: value >>> 0, next: at };
  }
  if (hexDigit(text.charCodeAt(at)) >= 0) {
    throw new ErrnoError(
      'EOVERFLOW',
      `${quoted(text)} is no CPU mask: put a comma after every 8 hexadecimal digits`,
    );
  }
  return { value: value >>> 0, next: at - 1 };
}

/**
 * Reads a CPU mask in hexadecimal (lib/bitmap-str.c bitmap_parse): groups of 32 bits with commas between, the lowest
 * CPUs last; a newline or NUL ends it. An empty mask is not an error here.
 *
 * @param text a byte per character.
 * @throws ErrnoError EINVAL for anything but hexadecimal digits and separators; EOVERFLOW for more groups than
 *   `nrCpuIds` CPUs need, or a bit beyond them.
 */
export function parseCpuMask(text: string, nrCpuIds: number): CpuMask {
  let length = 0;
  while (length < text.length && !isEnd(text.charCodeAt(length))) length += 1;
  const words = (nrCpuIds + 31) >>> 5;
  const mask = new CpuMask(nrCpuIds);
  let end = length - 1;
  for (let word = 0; ; word++) {
    while (end >= 0 && isSeparator(text.charCodeAt(end))) end -= 1;
    if (end < 0) return mask;
    if (word === words) {
      throw new ErrnoError(
        'EOVERFLOW',
        `${quoted(text)} has more than the ${words} groups that ${nrCpuIds} CPUs need`,
      );
    }
    const chunk = chunkBefore(text, end);
    setWord(mask, word, chunk.value, text);
    end = chunk.next;
  }
}

/** Sets the CPUs of one 32-bit group. Only the last group can name CPUs beyond the mask. */
function setWord(mask: CpuMask, word: number, value: number, text: string): void {
  for (let bit = 0; bit < 32; bit++) {
    if (((value >>> bit) & 1) === 0) continue;
    const cpu = word * 32 + bit;
    if (cpu >= mask.nrCpuIds) {
      throw new ErrnoError(
        'EOVERFLOW',
        `${quoted(text)} names CPU ${cpu}; the highest is ${mask.nrCpuIds - 1}`,
      );
    }
    mask.set(cpu);
  }
}

/** A part of a CPU list: CPUs `start` to `end`, of every group of `group` CPUs the first `used`. */
interface Region {
  start: number;
  end: number;
  used: number;
  group: number;
  strided: boolean;
}

/** Reads a CPU list from left to right. */
class ListReader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly nrCpuIds: number,
  ) {}

  /** The next region; undefined at the end of the text. */
  next(): Region | undefined {
    while (isSeparator(this.code)) this.at += 1;
    if (isEnd(this.code)) return undefined;
    return this.region();
  }

  /** True if the list ends right here. Behind a stride a newline is white space, elsewhere it ends the list. */
  get ended(): boolean {
    return isEnd(this.code);
  }

  private get code(): number {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : END;
  }

  private get regionEnds(): boolean {
    return isSeparator(this.code) || isEnd(this.code);
  }

  private region(): Region {
    const region: Region = { start: 0, end: this.nrCpuIds - 1, used: 0, group: 0, strided: false };
    if (this.text.slice(this.at, this.at + 3).toLowerCase() === 'all') {
      this.at += 3;
    } else {
      region.start = this.number();
      region.end = region.start;
      if (this.regionEnds) return this.whole(region);
      this.expect('-');
      region.end = this.number();
    }
    if (this.regionEnds) return this.whole(region);
    this.expect(':');
    region.used = this.number();
    this.expect('/');
    region.group = this.number();
    region.strided = true;
    return region;
  }

  /** A region without a stride: one group of 32-bit size, so that the highest number wraps to none. */
  private whole(region: Region): Region {
    region.used = (region.end + 1) >>> 0;
    region.group = region.used;
    return region;
  }

  private expect(char: string): void {
    if (this.text[this.at] !== char) throw this.invalid(`a CPU number or ${quoted(char)} is missing`);
    this.at += 1;
  }

  private number(): number {
    if (this.text[this.at] === 'N') {
      this.at += 1;
      return this.nrCpuIds - 1;
    }
    const from = this.at;
    while (this.code >= 48 && this.code <= 57) this.at += 1;
    if (this.at === from) throw this.invalid('a CPU number is missing');
    const value = Number(this.text.slice(from, this.at));
    if (value > 0xffffffff) {
      throw new ErrnoError(
        'EOVERFLOW',
        `${quoted(this.text)}: ${this.text.slice(from, this.at)} exceeds 32 bits`,
      );
    }
    return value;
  }

  private invalid(why: string): ErrnoError {
    return new ErrnoError('EINVAL', `${quoted(this.text)} is no CPU list: ${why} at column ${this.at + 1}`);
  }
}

/**
 * Reads a CPU list (lib/bitmap-str.c bitmap_parselist): numbers, ranges `a-b`, `all`, `N` for the last CPU, and
 * `range:used/group`; separated by commas or white space. An empty list is not an error here.
 *
 * @param text a byte per character.
 * @throws ErrnoError EINVAL, ERANGE for a CPU that the machine cannot have, EOVERFLOW for numbers over 32 bits.
 */
export function parseCpuList(text: string, nrCpuIds: number): CpuMask {
  const mask = new CpuMask(nrCpuIds);
  const reader = new ListReader(text, nrCpuIds);
  for (;;) {
    const region = reader.next();
    if (region === undefined) return mask;
    addRegion(mask, region, text);
    if (!region.strided && reader.ended) return mask;
  }
}

function addRegion(mask: CpuMask, { start, end, used, group }: Region, text: string): void {
  if (start > end || group === 0 || used > group) {
    throw new ErrnoError('EINVAL', `${quoted(text)} is no CPU list: it has an empty or reversed range`);
  }
  if (end >= mask.nrCpuIds) {
    throw new ErrnoError('ERANGE', `${quoted(text)} names CPU ${end}; the highest is ${mask.nrCpuIds - 1}`);
  }
  // 32-bit sums, as the kernel's: a huge group can lead back to the first CPUs.
  for (let from = start; from <= end; from = (from + group) >>> 0) {
    const to = from + Math.min(end - from + 1, used);
    for (let cpu = from; cpu < to; cpu++) mask.set(cpu);
  }
}

/** The mask in hexadecimal, as wide as nr_cpu_ids (the format %*pb). */
export function formatCpuMask(mask: CpuMask): string {
  const groups: string[] = [];
  for (let word = ((mask.nrCpuIds + 31) >>> 5) - 1; word >= 0; word--) {
    const bits = Math.min(32, mask.nrCpuIds - word * 32);
    groups.push(
      mask
        .word(word)
        .toString(16)
        .padStart(Math.ceil(bits / 4), '0'),
    );
  }
  return groups.join(',');
}

/** What a list of ranges is made from: a set of CPUs, or another bitmap. */
export interface BitsInOrder {
  has(bit: number): boolean;
  /** The lowest bit, and the lowest above `bit`; -1: none. */
  first(): number;
  next(bit: number): number;
}

/** The mask as a list of ranges (the format %*pbl); empty for an empty mask. */
export function formatCpuList(mask: BitsInOrder): string {
  const ranges: string[] = [];
  for (let first = mask.first(); first >= 0; ) {
    let last = first;
    while (mask.has(last + 1)) last += 1;
    ranges.push(first === last ? `${first}` : `${first}-${last}`);
    first = mask.next(last);
  }
  return ranges.join(',');
}
