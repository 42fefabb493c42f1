/**
 * Matchers for tests of guests and searches. `irqlab/jest` and `irqlab/vitest` export the same, and add them to expect.
 *
 * @module irqlab/testing
 */
import { coverageText, type Report, violationText } from '../explore/index.js';
import type { Guest } from '../guest/guest.js';
import { namedValue } from '../guest/named-value.js';
import type { CpuId, Relid } from '../lib/brand.js';
import { ErrnoError, type ErrnoCode, errnoNumbers } from '../lib/errno.js';
import { closest } from '../scenario/suggest.js';

/** What a matcher of jest and vitest answers. */
export interface MatcherResult {
  readonly pass: boolean;
  /** What is wrong, also where `.not` found that all is well. */
  readonly message: () => string;
}

/**
 * What the matchers are in a test. Arguments that cannot be are a TypeError or RangeError, with `.not` as well: a slip of the
 * pen passes no test.
 *
 * @typeParam R what a matcher returns.
 */
export interface IrqlabMatchers<R> {
  /** Of a guest: no event of the host was lost since it booted. */
  toHaveLostNoEvents(): R;
  /** Of a guest: the host was last asked to interrupt this CPU for the channel. */
  toHaveChannelOn(relid: Relid, cpu: CpuId): R;
  /** Of a function: the guest refuses what it does with this errno; `text` is in the sentence that says why. */
  toRefuse(code: ErrnoCode, text?: string | RegExp): R;
  /** Of a guest: the whole /proc/interrupts is this text, but for the number of blanks. */
  toMatchInterrupts(text: string): R;
  /** Of what check(model) returns: the search was complete and found nothing. */
  toFindNoRace(): R;
}

function guestOf(matcher: string, received: unknown): Guest {
  if (isGuest(received)) return received;
  const { guest } = Object(received) as { readonly guest?: unknown };
  const hint = isGuest(guest) ? '; the guest of a run is its `guest`' : '';
  throw new TypeError(`expect(vm).${matcher}: expected a Guest, not ${namedValue(received)}${hint}`);
}

/** By what it can do: a test may have another copy of the package. */
function isGuest(value: unknown): value is Guest {
  return typeof (Object(value) as { readonly procInterrupts?: unknown }).procInterrupts === 'function';
}

/**
 * No event of the host was lost since the guest booted: none was raised on a CPU whose synic is off, and none was for a
 * relid that no channel has.
 */
export function toHaveLostNoEvents(received: unknown): MatcherResult {
  const guest = guestOf('toHaveLostNoEvents()', received);
  const { lost, signalled } = guest.host.totals;
  const dropped = guest.refused().get('event-without-channel') ?? 0;
  const wrong = [
    ...(lost > 0
      ? [`${lost} of ${signalled} events were raised on a CPU whose synic is off${whereLost(guest)}`]
      : []),
    ...(dropped > 0 ? [`${dropped} were for relids that no channel has`] : []),
  ];
  return {
    pass: wrong.length === 0,
    message: () =>
      wrong.length > 0
        ? `expected that no event is lost, but ${wrong.join(', and ')}`
        : `expected that events are lost, but all ${signalled} reached their channel`,
  };
}

/** By channel and CPU, where somebody counts that (`irqlab/stats`). */
function whereLost({ stats }: Guest): string {
  const channels = stats?.report().channels.filter(({ lost }) => lost > 0) ?? [];
  const parts = channels.flatMap(({ relid, lostAt }) =>
    lostAt.map(({ cpu, count }) => `${count} of channel ${relid} on CPU ${cpu}`),
  );
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

/** The host was last asked to interrupt this CPU for the channel. */
export function toHaveChannelOn(received: unknown, relid: Relid, cpu: CpuId): MatcherResult {
  const matcher = 'toHaveChannelOn(relid, cpu)';
  const guest = guestOf(matcher, received);
  for (const [name, value] of Object.entries({ relid, cpu }))
    if (!Number.isInteger(value))
      throw new TypeError(`expect(vm).${matcher}: expected a number as ${name}, not ${namedValue(value)}`);
  guest.cpu(cpu);
  const { cpu: now, irq } = guest.channel(relid);
  return {
    pass: now === cpu,
    message: () =>
      now === cpu
        ? `expected channel ${relid} (IRQ ${irq}) on another CPU than ${cpu}`
        : `expected channel ${relid} (IRQ ${irq}) on CPU ${cpu}, but it is on CPU ${now}`,
  };
}

/** The call is refused with this errno, as Linux refuses it; `text` is in the sentence that says why. */
export function toRefuse(received: unknown, code: ErrnoCode, text: string | RegExp = ''): MatcherResult {
  if (typeof received !== 'function')
    throw refuseError(`expected a function such as () => vm.cpu(3).offline(), not ${namedValue(received)}`);
  checkRefusal(code, text);
  const wanted = `${code}${text === '' ? '' : ` with ${text instanceof RegExp ? text : JSON.stringify(text)}`}`;
  const error = errnoOf(received as () => unknown);
  if (error === undefined) return { pass: false, message: () => `expected ${wanted}, but it succeeded` };
  const { message } = error;
  const pass =
    error.code === code && (text instanceof RegExp ? message.search(text) >= 0 : message.includes(text));
  return {
    pass,
    message: () =>
      pass ? `expected no ${wanted}, but got ${message}` : `expected ${wanted}, but got ${message}`,
  };
}

function refuseError(sentence: string): TypeError {
  return new TypeError(`expect(call).toRefuse(code, text): ${sentence}`);
}

function checkRefusal(code: unknown, text: unknown): void {
  if (typeof code !== 'string')
    throw refuseError(`expected the name of an errno such as 'EBUSY', not ${namedValue(code)}`);
  const codes = Object.keys(errnoNumbers);
  if (!codes.includes(code)) {
    const near = closest(code, codes);
    throw refuseError(
      `the guest has no errno ${code}; ${near === undefined ? `known: ${codes.join(', ')}` : `did you mean ${near}?`}`,
    );
  }
  if (typeof text !== 'string' && !(text instanceof RegExp))
    throw refuseError(`expected a text or a RegExp behind the errno, not ${namedValue(text)}`);
}

/** Other errors are no refusal. */
function errnoOf(call: () => unknown): ErrnoError | undefined {
  let returned: unknown;
  try {
    returned = call();
  } catch (error) {
    if (error instanceof ErrnoError) return error;
    throw error;
  }
  if (!(returned instanceof Promise)) return undefined;
  returned.catch(() => {});
  throw refuseError(
    'a promise came, but what a guest refuses it refuses at once: expected no async function',
  );
}

/** /proc/interrupts is this text, blanks between columns and at the ends of lines aside. */
export function toMatchInterrupts(received: unknown, text: string): MatcherResult {
  const matcher = 'toMatchInterrupts(text)';
  const guest = guestOf(matcher, received);
  if (typeof text !== 'string')
    throw new TypeError(
      `expect(vm).${matcher}: expected the whole table as text, as vm.procInterrupts() gives it, not ${namedValue(text)}`,
    );
  const [actual, expected] = [guest.procInterrupts(), text].map(wordsOf);
  const at = Array.from({ length: Math.max(actual.length, expected.length) }, (_, i) => i).find(
    (i) => actual[i] !== expected[i],
  );
  return {
    pass: at === undefined,
    message: () =>
      at === undefined
        ? 'expected another /proc/interrupts than this one'
        : `/proc/interrupts differs in line ${at + 1}:\n- ${expected[at] ?? '(there is none)'}\n+ ${actual[at] ?? '(there is none)'}`,
  };
}

function wordsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '');
}

/** A search (`check`) was complete and found nothing. */
export function toFindNoRace(received: unknown): MatcherResult {
  if (!isReport(received))
    throw new TypeError(
      `expect(report).toFindNoRace(): expected what check(model) returns, not ${namedValue(received)}`,
    );
  const report = received;
  const [violation] = report.violations;
  const pass = report.verdict === 'none' && report.complete;
  return {
    pass,
    message: () => {
      if (pass)
        return `expected a race in ${report.model}, but the search found none: ${coverageText(report)}`;
      if (violation === undefined)
        return `expected a complete search of ${report.model}, but it was bounded: ${coverageText(report)}`;
      return `expected no race in ${report.model}, but there is one:\n${violationText(violation)}`;
    },
  };
}

function isReport(value: unknown): value is Report {
  const { model, verdict, violations } = Object(value) as { readonly [key in keyof Report]?: unknown };
  return typeof model === 'string' && typeof verdict === 'string' && Array.isArray(violations);
}
