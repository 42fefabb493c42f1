/**
 * Matchers for tests of guests and searches. `irqlab/jest` and `irqlab/vitest` export the same, and add them to expect.
 *
 * @module irqlab/testing
 */
import { coverageText, type Report, violationText } from '../explore/index.js';
import type { Guest } from '../guest/guest.js';
import type { CpuId, Relid } from '../lib/brand.js';
import { ErrnoError, type ErrnoCode } from '../lib/errno.js';

/** What a matcher of jest and vitest answers. */
export interface MatcherResult {
  readonly pass: boolean;
  /** What is wrong, also where `.not` found that all is well. */
  readonly message: () => string;
}

/** What the matchers are in a test. @typeParam R what a matcher returns. */
export interface IrqlabMatchers<R> {
  /** Of a guest: no event of the host was lost since it booted. */
  toHaveLostNoEvents(): R;
  /** Of a guest: the host was last asked to interrupt this CPU for the channel. */
  toHaveChannelOn(relid: Relid, cpu: CpuId): R;
  /** Of a function: the guest refuses what it does with this errno; `text` is in the sentence that says why. */
  toRefuse(code: ErrnoCode, text?: string | RegExp): R;
  /** Of a guest: /proc/interrupts is this text, but for the number of blanks. */
  toMatchInterrupts(text: string): R;
  /** Of what check(model) returns: the search was complete and found nothing. */
  toFindNoRace(): R;
}

const guestOf = (matcher: string, received: unknown): Guest => {
  if (received !== null && typeof received === 'object' && 'procInterrupts' in received)
    return received as Guest;
  throw new TypeError(`expect(vm).${matcher}: expected a Guest, not ${String(received)}`);
};

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
  const { cpu: now, irq } = guestOf('toHaveChannelOn(relid, cpu)', received).channel(relid);
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
    throw new TypeError(`expect(call).toRefuse: expected a function such as () => vm.cpu(3).offline()`);
  const wanted = `${code}${text === '' ? '' : ` with ${text instanceof RegExp ? text : JSON.stringify(text)}`}`;
  const error = errnoOf(received as () => unknown);
  if (error === undefined) return { pass: false, message: () => `expected ${wanted}, but it succeeded` };
  const pass =
    error.code === code && (text instanceof RegExp ? text.test(error.message) : error.message.includes(text));
  return {
    pass,
    message: () =>
      pass
        ? `expected no ${wanted}, but got ${error.message}`
        : `expected ${wanted}, but got ${error.message}`,
  };
}

/** Other errors are no refusal. */
function errnoOf(call: () => unknown): ErrnoError | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof ErrnoError) return error;
    throw error;
  }
}

/** /proc/interrupts is this text, blanks between columns and at the ends of lines aside. */
export function toMatchInterrupts(received: unknown, text: string): MatcherResult {
  const guest = guestOf('toMatchInterrupts(text)', received);
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
  const report = received as Report;
  if (received === null || typeof received !== 'object' || !('violations' in received))
    throw new TypeError('expect(report).toFindNoRace(): expected what check(model) returns');
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
