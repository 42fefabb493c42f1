/** A litmus file says something that is not understood. */
export class LitmusError extends Error {
  override readonly name = 'LitmusError';

  /** @param line from 1. @param column from 1. */
  constructor(
    file: string,
    readonly line: number,
    readonly column: number,
    what: string,
  ) {
    super(`${file}:${line}:${column}: ${what}`);
  }
}

/** A piece of a litmus file, and where it begins there. */
export interface Located {
  readonly text: string;
  /** Offset in the file. */
  readonly offset: number;
}

/** The text of a litmus file, which says where its offsets are. */
export class Source {
  constructor(
    readonly file: string,
    readonly text: string,
  ) {}

  /** @returns the error that says of `offset` what is wrong there. */
  error(offset: number, what: string): LitmusError {
    const before = this.text.slice(0, offset);
    const line = before.split('\n').length;
    return new LitmusError(this.file, line, offset - before.lastIndexOf('\n'), what);
  }
}

/** The piece without blanks around it. */
export function trimmed({ text, offset }: Located): Located {
  return { text: text.trim(), offset: offset + text.length - text.trimStart().length };
}

/** The piece in parts. @param separator of one character. */
export function splitAt({ text, offset }: Located, separator: string): Located[] {
  let at = offset;
  return text.split(separator).map((part) => {
    const located = { text: part, offset: at };
    at += part.length + 1;
    return located;
  });
}
