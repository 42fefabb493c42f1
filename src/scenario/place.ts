/** A place in a scenario file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `file:line:column`, as compilers and editors write it. */
export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** Keys and list indexes that lead to a value of a file. */
export type Path = readonly PropertyKey[];

/** Reports one thing that is wrong, at a value of the file. */
export type Report = (path: Path, message: string) => void;
