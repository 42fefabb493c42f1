/** How a text is written: in UTF-8 or a byte for each character, with a zero byte behind it, or bytes alone. */
export type DynamicText = 'utf8' | 'latin1' | 'bytes';

/** The C type of an event's field, as its format file shows it. */
export interface CType<V = unknown> {
  /** How it is declared: `unsigned int`, `char[16]`, `__data_loc char[]`. */
  readonly name: string;
  /** In bytes, as is `align`. */
  readonly size: number;
  readonly align: number;
  /** `char`: as that of the kernel's plain char. */
  readonly signed: boolean | 'char';
  /** A text behind the fields, of which these have its place and length. */
  readonly dynamic?: DynamicText;
  /** What the model gives for it; never set. */
  readonly value?: V;
}

function number(name: string, size: number, signed: boolean): CType<number> {
  return { name, size, align: size, signed };
}

export const int = number('int', 4, true);
export const uint = number('unsigned int', 4, false);
export const u8 = number('u8', 1, false);
export const u16 = number('u16', 2, false);
export const u32 = number('u32', 4, false);
/** Numbers up to 2^53. */
export const u64 = number('u64', 8, false);
/** A function or variable of the kernel, by name. */
export const symbol: CType<string> = { name: 'void *', size: 8, align: 8, signed: false };
export const bool: CType<boolean> = { name: 'bool', size: 1, align: 1, signed: false };
/** Memory that is no symbol's: bytes behind the start of the kernel's own map of it (PAGE_OFFSET). */
export const pointer: CType<number> = { name: 'void *', size: 8, align: 8, signed: false };
/** A GUID, in its usual text form. */
export const guid: CType<string> = { name: 'char[16]', size: 16, align: 1, signed: 'char' };
/** A text of any length (__string). */
export const text: CType<string> = {
  name: '__data_loc char[]',
  size: 4,
  align: 4,
  signed: 'char',
  dynamic: 'utf8',
};

/** A function by name, where the field is a number and no pointer. */
export const codeAddress: CType<string> = { name: 'unsigned long', size: 8, align: 8, signed: false };
/** A text as the last field, of which nothing else says the length: a byte for each character, as a process wrote it. */
export const restText: CType<string> = {
  name: 'char[]',
  size: 0,
  align: 1,
  signed: 'char',
  dynamic: 'latin1',
};

/** The same without an end. */
export const restBytes: CType<string> = { ...restText, dynamic: 'bytes' };

/** Where the kernel's own map of memory begins, without KASLR (PAGE_OFFSET). */
export const PAGE_OFFSET_TEXT = '0xffff888000000000';
