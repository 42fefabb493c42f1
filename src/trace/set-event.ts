import { ErrnoError } from '../lib/errno.js';
import type { TraceEvent } from './event.js';
import type { TraceArray } from './trace-array.js';

/** 0, 1, or X if only some of the events are on; ? if there are none (system_enable_read). */
export function enabledText(array: TraceArray, events: readonly TraceEvent[]): string {
  if (events.length === 0) return '?';
  const on = events.filter((event) => array.isEnabled(event)).length;
  if (on === 0) return '0';
  return on === events.length ? '1' : 'X';
}

/**
 * One write to `set_event`: a word says which events are on from now on, or off with `!` in front. It is an event or a
 * system, or both with a colon between them (ftrace_set_clr_event).
 *
 * @returns the bytes that were taken: the words after the first are for the next write.
 * @throws ErrnoError EINVAL if there are no such events.
 */
export function setEvents(array: TraceArray, data: string): number {
  const found = /^\s*(\S*)\s?/.exec(data);
  const [taken = '', word = ''] = found ?? [];
  if (word === '') return data.length;
  const value = !word.startsWith('!');
  const wanted = value ? word : word.slice(1);
  const events = array.system.events.filter((event) => isMeant(wanted, event));
  if (events.length === 0) throw new ErrnoError('EINVAL', `there is no event ${wanted}`);
  array.setEnabled(events, value);
  return taken.length;
}

/** A bare word is a system or an event; on either side of a colon nothing and `*` stand for any. */
function isMeant(word: string, { system, name }: TraceEvent): boolean {
  const colon = word.indexOf(':');
  if (colon < 0) return word === system || word === name;
  return isAnyOr(word.slice(0, colon), system) && isAnyOr(word.slice(colon + 1), name);
}

function isAnyOr(word: string, text: string): boolean {
  return word === '' || word === '*' || word === text;
}
