import type { Procedure } from '../machine/step.js';
import { type CFunction, cFunctions, type Parameter } from './c-functions.js';
import { CTokens, type Token } from './c-tokens.js';
import type { Located, Source } from './litmus-error.js';
import { joined, type Names, type Program, type Thread, type Value } from './thread.js';

// The C of the kernel's litmus tests (tools/memory-model/Documentation/litmus-tests.txt): threads whose arguments are words,
// with locals, if and else, and the kernel's functions. Plain accesses to words are not read: what a compiler makes of them
// no memory says.

type Statement = Program['run'];
type Expression = (thread: Thread) => Procedure<Value>;

/** What must not be taken for a function that was misspelt. */
const leftOut: ReadonlyMap<string, string> = new Map([
  ...['rcu_read_lock', 'rcu_read_unlock', 'synchronize_rcu', 'synchronize_rcu_expedited', 'call_rcu'].map(
    (name): [string, string] => [name, 'grace periods of RCU are left out'],
  ),
  ...['srcu_read_lock', 'srcu_read_unlock', 'synchronize_srcu'].map((name): [string, string] => [
    name,
    'grace periods of SRCU are left out',
  ]),
  ...['while', 'for', 'do', 'goto', 'switch', 'return'].map((name): [string, string] => [
    name,
    'of statements only if and else are read',
  ]),
]);

type Operation = (a: number, b: number) => number;

/** Binary operators, those that bind closer behind. */
const operators: readonly Readonly<Record<string, Operation>>[] = [
  { '||': (a, b) => (a !== 0 || b !== 0 ? 1 : 0) },
  { '&&': (a, b) => (a !== 0 && b !== 0 ? 1 : 0) },
  { '|': (a, b) => a | b },
  { '^': (a, b) => a ^ b },
  { '&': (a, b) => a & b },
  { '==': (a, b) => (a === b ? 1 : 0), '!=': (a, b) => (a !== b ? 1 : 0) },
  {
    '<': (a, b) => (a < b ? 1 : 0),
    '>': (a, b) => (a > b ? 1 : 0),
    '<=': (a, b) => (a <= b ? 1 : 0),
    '>=': (a, b) => (a >= b ? 1 : 0),
  },
  { '<<': (a, b) => a << b, '>>': (a, b) => a >> b },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b },
];

const unary: Readonly<Record<string, (a: number) => number>> = {
  '!': (a) => (a === 0 ? 1 : 0),
  '-': (a) => -a,
  '~': (a) => ~a,
};

/** Reads `P0(…) { … } P1(…) { … }`. @throws LitmusError where something is not understood. */
export function readC(source: Source, code: Located, names: Names): Program[] {
  const tokens = new CTokens(source, code);
  const programs: Program[] = [];
  do programs.push({ run: new ThreadReader(tokens, names, programs.length).read(), storeExclusives: 0 });
  while (tokens.next.text !== '');
  return programs;
}

/** Reads one thread. */
class ThreadReader {
  /** Parameters, with the addresses that they are. */
  private readonly words = new Map<string, Value>();
  /** Those that are declared; the kernel's tests assign to others, too, as herd lets them. */
  private readonly locals = new Set<string>();

  constructor(
    private readonly tokens: CTokens,
    private readonly names: Names,
    private readonly thread: number,
  ) {}

  read(): Statement {
    const { tokens } = this;
    tokens.expect(`P${this.thread}`);
    tokens.expect('(');
    if (tokens.peek(1).text === ')') tokens.takes('void');
    while (!tokens.takes(')')) {
      if (this.words.size > 0) tokens.expect(',');
      this.parameter();
    }
    tokens.expect('{');
    return this.block();
  }

  private parameter(): void {
    const { tokens } = this;
    if (!tokens.skipType()) throw tokens.unexpected('the address of a word, such as int *x');
    const { text } = tokens.name('the name of a word');
    this.words.set(text, { number: this.names.addressOf(text), view: 0 });
  }

  /** What stands before a }. */
  private block(): Statement {
    const statements: Statement[] = [];
    while (!this.tokens.takes('}')) statements.push(this.statement());
    return function* (thread) {
      for (const statement of statements) yield* statement(thread);
    };
  }

  private statement(): Statement {
    const { tokens } = this;
    const { text } = tokens.next;
    const reason = leftOut.get(text);
    if (reason !== undefined) throw tokens.error(tokens.next, `${text}: ${reason}`);
    if (tokens.takes('{')) return this.block();
    if (tokens.takes('if')) return this.choice();
    if (tokens.takes(';')) return function* () {};
    const statement = this.simpleStatement();
    tokens.expect(';');
    return statement;
  }

  private simpleStatement(): Statement {
    const { tokens } = this;
    if (tokens.isType) return this.declaration();
    if (tokens.next.text === '*') throw this.plainAccess(tokens.next);
    if (tokens.peek(1).text === '=') return this.assignment(tokens.name('a local'));
    if (tokens.next.text === '(' && tokens.peek(1).text === 'void') {
      for (const sign of ['(', 'void', ')']) tokens.expect(sign);
    }
    if (!tokens.isName || tokens.peek(1).text !== '(') throw tokens.unexpected('a statement');
    const expression = this.call(this.functionOf(tokens.next));
    return function* (thread) {
      yield* expression(thread);
    };
  }

  private declaration(): Statement {
    const { tokens } = this;
    tokens.skipType();
    const first: Statement[] = [];
    do {
      tokens.skipStars();
      const name = tokens.name('the name of a local');
      this.locals.add(name.text);
      if (tokens.next.text === '=') first.push(this.assignment(name));
    } while (tokens.takes(','));
    return function* (thread) {
      for (const statement of first) yield* statement(thread);
    };
  }

  private assignment({ text, offset }: Token): Statement {
    if (this.words.has(text)) throw this.tokens.error({ text, offset }, `${text} is a parameter`);
    this.tokens.expect('=');
    this.locals.add(text);
    const expression = this.expression();
    return function* (thread) {
      thread.set(text, yield* expression(thread));
    };
  }

  private choice(): Statement {
    const { tokens } = this;
    tokens.expect('(');
    const condition = this.expression();
    tokens.expect(')');
    const yes = this.statement();
    const no = tokens.takes('else') ? this.statement() : undefined;
    return function* (thread) {
      const value = yield* condition(thread);
      thread.branchOn(value);
      if (value.number !== 0) yield* yes(thread);
      else if (no !== undefined) yield* no(thread);
    };
  }

  /** @param level of operators: the looser ones are not part of it. */
  private expression(level = 0): Expression {
    if (level === operators.length) return this.unary();
    let left = this.expression(level + 1);
    for (;;) {
      const operator = this.tokens.next.text;
      if (!Object.hasOwn(operators[level], operator)) return left;
      const calculate = operators[level][operator];
      this.tokens.take();
      left = binary(operator, calculate, left, this.expression(level + 1));
    }
  }

  private unary(): Expression {
    const { tokens } = this;
    const { text } = tokens.next;
    if (Object.hasOwn(unary, text)) {
      tokens.take();
      const inner = this.unary();
      return function* (thread) {
        const { number, view } = yield* inner(thread);
        return { number: unary[text](number), view };
      };
    }
    if (text === '*') throw this.plainAccess(tokens.next);
    if (!tokens.takes('(')) return this.primary();
    if (tokens.isType) {
      tokens.skipType();
      tokens.expect(')');
      return this.unary();
    }
    const inner = this.expression();
    tokens.expect(')');
    return inner;
  }

  private primary(): Expression {
    const { tokens } = this;
    const token = tokens.next;
    if (/^\d/.test(token.text)) {
      tokens.take();
      return constant({ number: Number(token.text.replace(/[ul]+$/i, '')), view: 0 });
    }
    if (tokens.peek(1).text === '(' && tokens.isName) {
      const called = this.functionOf(token);
      if (called.isVoid === true) throw tokens.error(token, `${token.text} gives no value`);
      return this.call(called);
    }
    const name = tokens.name('a value');
    const word = this.words.get(name.text);
    if (word !== undefined) return constant(word);
    if (!this.locals.has(name.text)) throw this.undeclared(name);
    return local(name.text);
  }

  private functionOf({ text, offset }: Token): CFunction {
    const reason = leftOut.get(text);
    if (reason !== undefined) throw this.tokens.error({ text, offset }, `${text}: ${reason}`);
    const found = cFunctions.get(text);
    if (found === undefined) throw this.tokens.error({ text, offset }, `unknown function ${text}`);
    return found;
  }

  /** A call of the function whose name comes next. */
  private call({ parameters, run }: CFunction): Expression {
    const { tokens } = this;
    tokens.take();
    tokens.expect('(');
    const args = parameters.map((parameter, at) => {
      if (at > 0) tokens.expect(',');
      return this.argument(parameter);
    });
    if (tokens.next.text !== ')') throw tokens.unexpected(`) behind ${parameters.length} arguments`);
    tokens.take();
    return function* (thread) {
      const values: Value[] = [];
      for (const arg of args) values.push(yield* arg(thread));
      return yield* run(thread, values);
    };
  }

  private argument(parameter: Parameter): Expression {
    if (parameter === 'word' && !this.tokens.takes('*')) throw this.tokens.unexpected('a word, such as *x');
    return parameter === 'word' ? this.unary() : this.expression();
  }

  private plainAccess(at: Token): Error {
    return this.tokens.error(at, 'plain accesses are not read: READ_ONCE(*x) and WRITE_ONCE(*x, 1) are');
  }

  private undeclared({ text, offset }: Token): Error {
    return this.tokens.error(
      { text, offset },
      `${text} is neither a parameter nor declared, as by int ${text};`,
    );
  }
}

function constant(value: Value): Expression {
  return function* () {
    return value;
  };
}

function local(name: string): Expression {
  return function* (thread) {
    return thread.get(name);
  };
}

/** && and || evaluate their right side only if it decides. */
function binary(operator: string, calculate: Operation, left: Expression, right: Expression): Expression {
  return function* (thread) {
    const a = yield* left(thread);
    if (operator === '&&' || operator === '||') {
      thread.branchOn(a);
      if ((a.number !== 0) === (operator === '||'))
        return { number: calculate(a.number, a.number), view: a.view };
    }
    return joined(a, yield* right(thread), calculate);
  };
}
