import { type Located, type Source } from './litmus-error.js';

/** What a condition looks at: a word, or a register of a thread, as "1:X0". */
export type Place = string;

/** The value that a place has in the end; a name stands for its word's address. */
export type Holds = (equals: (place: Place, value: string) => boolean) => boolean;

/** What can hold of a final state. */
export interface Filter {
  readonly places: readonly Place[];
  readonly holds: Holds;
}

/** What a file asks of the final states. */
export interface Condition extends Filter {
  readonly quantifier: 'exists' | '~exists' | 'forall';
  readonly text: string;
}

const token = /\s*(\/\\|\\\/|~|\(|\)|!=|=|;|\*?\[?(?:\d+:)?[A-Za-z_%][\w%]*\]?|\d+:\w+|-?\w+)/y;

/** Reads `exists (…)`, `~exists (…)` or `forall (…)`. */
export function parseCondition(source: Source, { text, offset }: Located): Condition {
  const head = /^(~\s*exists|exists|forall)\b/.exec(text);
  if (head === null) throw source.error(offset, 'expected exists, ~exists or forall');
  return {
    quantifier: head[1].replace(/\s/g, '') as Condition['quantifier'],
    text: text.slice(head[0].length).trim().replace(/\s+/g, ' '),
    ...propositionOf(source, { text, offset }, head[0].length),
  };
}

/** Reads `filter (…)`. */
export function parseFilter(source: Source, located: Located): Filter {
  return propositionOf(source, located, 'filter'.length);
}

/** @param from where it begins in the piece. */
function propositionOf(source: Source, { text, offset }: Located, from: number): Filter {
  const reader = new ConditionReader(source, text, offset, from);
  const holds = reader.either();
  reader.end();
  return { places: [...reader.places], holds };
}

class ConditionReader {
  readonly places = new Set<Place>();

  constructor(
    private readonly source: Source,
    private readonly text: string,
    private readonly offset: number,
    private at: number,
  ) {}

  either(): Holds {
    const parts = [this.both()];
    while (this.takes('\\/')) parts.push(this.both());
    return (equals) => parts.some((part) => part(equals));
  }

  end(): void {
    this.takes(';');
    if (this.text.slice(this.at).trim() !== '')
      throw this.wrong('expected /\\, \\/ or the end of the condition');
  }

  private both(): Holds {
    const parts = [this.one()];
    while (this.takes('/\\')) parts.push(this.one());
    return (equals) => parts.every((part) => part(equals));
  }

  private one(): Holds {
    if (this.takes('~') || this.takes('not')) {
      const inner = this.one();
      return (equals) => !inner(equals);
    }
    if (this.takes('(')) {
      const inner = this.either();
      if (!this.takes(')')) throw this.wrong('expected )');
      return inner;
    }
    if (this.takes('true')) return () => true;
    const place = this.name();
    this.places.add(place);
    const isEqual = this.takes('=');
    if (!isEqual && !this.takes('!=')) throw this.wrong('expected = or !=');
    const value = this.name().replace(/^&/, '');
    return (equals) => equals(place, value) === isEqual;
  }

  /** A word may stand in brackets; a register has its thread before it. */
  private name(): string {
    const found = this.peek();
    if (found === undefined || !/\w/.test(found)) throw this.wrong('expected a word, a register or a value');
    this.at = token.lastIndex;
    return found.replace(/^\*?\[?|\]$/g, '');
  }

  private takes(wanted: string): boolean {
    if (this.peek() !== wanted) return false;
    this.at = token.lastIndex;
    return true;
  }

  private peek(): string | undefined {
    token.lastIndex = this.at;
    return token.exec(this.text)?.[1];
  }

  private wrong(what: string): Error {
    const blank = /^\s*/.exec(this.text.slice(this.at))?.[0].length ?? 0;
    return this.source.error(this.offset + this.at + blank, what);
  }
}
