import { encodedLength } from './binary/dynamic-text.js';
import { type CType, type DynamicText, int } from './c-type.js';
import type { TraceBehaviour } from './kernel.js';

/**
 * What Linux always records an event under, though nothing in the model holds it: interrupts are off, or are off with a
 * spinlock held, which counts as disabled preemption.
 */
export type RecordedUnder = 'nothing' | 'irqs-off' | 'spinlock';

/** The fields of an event, in their order. */
export type TraceFields = Readonly<Record<string, CType>>;

/** What an event says: a value for each field. */
export type TraceValues<F extends TraceFields = TraceFields> = {
  readonly [name in keyof F]: F[name] extends CType<infer V> ? V : never;
};

/** One value of an event's text: how the format file writes it, and what it becomes. */
export interface PrintArgument {
  readonly source: string;
  show(values: Readonly<Record<string, unknown>>): number | string;
}

/** Where a field stands in the binary form of an event. */
export interface PlacedField {
  readonly name: string;
  readonly type: CType;
  /** From the begin of the event, in bytes. */
  readonly offset: number;
}

/** A field as it is. */
export function rec(name: string): PrintArgument {
  return { source: `REC->${name}`, show: (values) => values[name] as number | string };
}

/** A text behind the fields. */
export function str(name: string): PrintArgument {
  return { source: `__get_str(${name})`, show: (values) => String(values[name]) };
}

/** One of two words. */
export function either(name: string, yes: string, no: string): PrintArgument {
  return { source: `REC->${name} ? "${yes}" : "${no}"`, show: (values) => (values[name] ? yes : no) };
}

/** The word for a number (__print_symbolic), which stands for itself in hexadecimal if it has none. */
export function symbolic(name: string, words: readonly string[]): PrintArgument {
  const table = words.map((word, at) => `{ ${at}, "${word}" }`).join(', ');
  return {
    source: `__print_symbolic(REC->${name}, ${table})`,
    show: (values) => {
      const value = Number(values[name]);
      return words[value] ?? `0x${value.toString(16)}`;
    },
  };
}

const commonFields: readonly (readonly [string, CType])[] = [
  ['common_type', { name: 'unsigned short', size: 2, align: 2, signed: false }],
  ['common_flags', { name: 'unsigned char', size: 1, align: 1, signed: false }],
  ['common_preempt_count', { name: 'unsigned char', size: 1, align: 1, signed: false }],
  ['common_pid', int],
];
const conversion = /%(0?)(\d*)(d|u|x|llx|s|ps|pUl|p)/g;

/**
 * One tracepoint: its fields, and from these the text of its format file, the text of what happened, and its place in a
 * buffer (include/trace/trace_events.h).
 */
export class TraceEvent<F extends TraceFields = TraceFields> {
  readonly fields: readonly PlacedField[];
  /** Bytes of the fields, the common ones among them (sizeof of the kernel's struct). */
  readonly fixedBytes: number;
  private readonly dynamic: readonly (readonly [string, DynamicText])[];

  /** @param print format of printf, and what it shows. */
  constructor(
    /** The group, `irq`. */
    readonly system: string,
    readonly name: string,
    fields: F,
    private readonly print: string,
    private readonly shown: readonly PrintArgument[],
    readonly under: RecordedUnder = 'nothing',
  ) {
    let offset = 0;
    let alignment = 4;
    this.fields = [...commonFields, ...Object.entries(fields)].map(([field, type]) => {
      const placed = { name: field, type, offset: alignUp(offset, type.align) };
      offset = placed.offset + type.size;
      alignment = Math.max(alignment, type.align);
      return placed;
    });
    this.dynamic = Object.entries(fields).flatMap(([field, type]) =>
      type.dynamic ? [[field, type.dynamic] as const] : [],
    );
    this.fixedBytes = alignUp(offset, alignment);
  }

  /** The same event, for those who do not know its fields. */
  get plain(): TraceEvent {
    return this as unknown as TraceEvent;
  }

  /** The text of its format file. */
  format(id: number, { charIsUnsigned }: TraceBehaviour): string {
    const lines = this.fields.map(({ name, type, offset }) => {
      const signed = type.signed === 'char' ? !charIsUnsigned : type.signed;
      return `\tfield:${declaration(type, name)};\toffset:${offset};\tsize:${type.size};\tsigned:${Number(signed)};\n`;
    });
    lines.splice(commonFields.length, 0, '\n');
    const shown = this.shown.map(({ source }) => `, ${source}`).join('');
    return `name: ${this.name}\nID: ${id}\nformat:\n${lines.join('')}\nprint fmt: "${this.print}"${shown}\n`;
  }

  /** What `trace` shows behind the event's name. */
  textOf(values: TraceValues<F>): string {
    let at = 0;
    return this.print.replace(conversion, (_all, zero: string, width: string, kind: string) => {
      const shown = this.shown[at++].show(values);
      return converted(kind, shown).padStart(Number(width), zero === '' ? ' ' : '0');
    });
  }

  /** What `trace` shows of it behind the context: its name and text, with a newline. */
  lineOf(values: TraceValues<F>): string {
    return `${this.name}: ${this.textOf(values)}\n`;
  }

  /** Bytes that the event takes in a buffer, without the header that the buffer adds. */
  bytesOf(values: TraceValues<F>): number {
    let bytes = this.fixedBytes;
    for (const [name, encoded] of this.dynamic) bytes += encodedLength(encoded, String(values[name]));
    return bytes;
  }
}

/** What printk and `trace` make of an address: a number that tells nothing of it (%p with hash-ptr). */
export function hashedPointer(offset: number): string {
  const mixed = Math.imul(offset ^ (offset >>> 15) ^ 0x2c1b3c6d, 0x297a2d39) >>> 0;
  return ((mixed ^ (mixed >>> 13)) >>> 0).toString(16).padStart(16, '0');
}

/** Events in the order of the kernel's lists, which begin with the last one. */
export function lastFirst(events: readonly { readonly plain: TraceEvent }[]): readonly TraceEvent[] {
  return events.map(({ plain }) => plain).toReversed();
}

function converted(kind: string, value: number | string): string {
  if (kind === 'p') return hashedPointer(Number(value));
  if (kind === 'x' || kind === 'llx') return Number(value).toString(16);
  if (kind === 'd') return String(Number(value) | 0);
  if (kind === 'u') return String(Number(value) >>> 0);
  return String(value);
}

function declaration({ name, dynamic, size }: CType, field: string): string {
  const array = dynamic && size > 0 ? undefined : /^(.*)(\[\d*\])$/.exec(name);
  return array ? `${array[1]} ${field}${array[2]}` : `${name} ${field}`;
}

function alignUp(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}
