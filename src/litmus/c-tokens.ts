import { type Located, type Source } from './litmus-error.js';

/** A name, a number or a sign of C. */
export type Token = Located;

const token = /[A-Za-z_]\w*|(?:0x[\da-f]+|\d+)[ul]*|&&|\|\||[=!<>]=|<<|>>|[-+*/%&|^~!<>=(){};,]/iy;

const types = new Set(
  `void bool char short int long unsigned signed struct const volatile size_t intptr_t uintptr_t u8 u16 u32 u64 s8 s16 s32
  s64 atomic_t atomic64_t atomic_long_t spinlock_t raw_spinlock_t`.split(/\s+/),
);

/** Reads the threads of a litmus test for C, token by token. */
export class CTokens {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(
    private readonly source: Source,
    private readonly code: Located,
  ) {
    this.tokens = tokensOf(source, code);
  }

  /** What comes next; empty: the end. */
  get next(): Token {
    return this.peek(0);
  }

  /** What comes behind the next `count` ones. */
  peek(count: number): Token {
    const { tokens, at, code } = this;
    const found = at + count < tokens.length ? tokens[at + count] : undefined;
    return found ?? { text: '', offset: code.offset + code.text.trimEnd().length };
  }

  get isType(): boolean {
    return types.has(this.next.text);
  }

  get isName(): boolean {
    return /^[A-Za-z_]/.test(this.next.text);
  }

  take(): Token {
    const { next } = this;
    this.at += 1;
    return next;
  }

  /** Takes `text` if it comes next. @returns whether it did. */
  takes(text: string): boolean {
    if (this.next.text !== text) return false;
    this.at += 1;
    return true;
  }

  /** @throws LitmusError unless `text` comes next. */
  expect(text: string): void {
    if (!this.takes(text)) throw this.unexpected(text);
  }

  name(what: string): Token {
    if (!this.isName || this.isType) throw this.unexpected(what);
    return this.take();
  }

  /** Takes the words and stars of a type: `unsigned long *`. @returns whether it is that of an address. */
  skipType(): boolean {
    if (!this.isType) throw this.unexpected('a type, such as int');
    while (this.isType) if (this.take().text === 'struct') this.name('the name of a struct');
    return this.skipStars();
  }

  /** @returns whether there were any. */
  skipStars(): boolean {
    let count = 0;
    while (this.takes('*')) count += 1;
    return count > 0;
  }

  unexpected(expected: string): Error {
    const { text, offset } = this.next;
    return this.source.error(offset, `expected ${expected}, not ${text === '' ? 'the end' : text}`);
  }

  error({ offset }: Token, what: string): Error {
    return this.source.error(offset, what);
  }
}

function tokensOf(source: Source, { text, offset }: Located): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; ; ) {
    at += /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
    if (at >= text.length) return tokens;
    token.lastIndex = at;
    const found = token.exec(text)?.[0];
    if (found === undefined) throw source.error(offset + at, `${text[at]} is not read`);
    tokens.push({ text: found, offset: offset + at });
    at += found.length;
  }
}
