import { describe, expect, test } from '@jest/globals';
import { Comparison } from '../../src/conformance/vmbus/compare.js';

const recorded = [
  'guest INITIATE_CONTACT version=5.3',
  'host VERSION_RESPONSE supported=1',
  'guest REQUESTOFFERS',
  'host OFFERCHANNEL relid=5',
  'host ALLOFFERS_DELIVERED',
  'guest GPADL_HEADER relid=5 gpadl=9',
  'host GPADL_CREATED relid=5 gpadl=9',
  'guest GPADL_TEARDOWN relid=5 gpadl=9',
  'host GPADL_TORNDOWN gpadl=9',
  'guest UNLOAD',
  'host UNLOAD_RESPONSE',
];

/** What is wrong with a list whose first two offers-related messages came the other way round, and that `change` changes. */
function found(change: (list: string[]) => string[]): string | undefined {
  const [first, version, request, offer, ...others] = recorded;
  const reordered = [first, request, version, offer, ...others];
  const op = { op: 'messages', list: recorded, boot: 1 };
  return new Comparison().compare(op, { list: change(reordered) })?.path;
}

describe('a list of messages in another order', () => {
  test('is none that differs, where the guest, offers and each channel keep theirs', () => {
    expect(found((list) => list)).toBeUndefined();
  });

  test.each([
    'host VERSION_RESPONSE supported=1',
    'host ALLOFFERS_DELIVERED',
    'host GPADL_TORNDOWN gpadl=9',
    'host UNLOAD_RESPONSE',
  ])('has %s as often', (message) => {
    expect(found((list) => list.filter((text) => text !== message))).toBe('messages');
    expect(found((list) => [...list, message])).toBe('messages');
    expect(found((list) => list.map((text) => (text === message ? `${text} more=1` : text)))).toBe(
      'messages',
    );
  });
});
