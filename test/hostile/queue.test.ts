import { describe, expect, test } from '@jest/globals';
import { Account } from './account.js';
import { partNamed } from './parts/index.js';
import { parseAttacked, parseTrialTask } from './queue.js';

describe('trials by a queue', () => {
  test('a trial is a part that there is, a seed and a number', () => {
    expect(parseTrialTask({ part: 'lives', seed: 1, nth: 3 })).toEqual({ part: 'lives', seed: 1, nth: 3 });
    const refused = (task: unknown) => expect(() => parseTrialTask(task));
    refused({ part: 'deaths', seed: 1, nth: 3 }).toThrow(
      'what the queue has is no trial of the hostile suite: part: Invalid option',
    );
    refused({ part: 'lives', seed: 1, nth: 3, code: '1' }).toThrow('it: Unrecognized key: "code"');
  });

  test('a result is an obstacle, or what was reached and found', () => {
    const finding = { part: 'lives', setup: 7, actions: [[1, 2, 3, 4]], finding: 'it broke', words: ['one'] };
    const result = { spentMs: 12.5, actions: 40, reached: ['crash'] };
    for (const value of [{ obstacle: 'not root' }, result, { ...result, finding }])
      expect(parseAttacked(value)).toEqual(value);
    expect(() => parseAttacked({ ...result, finding: { ...finding, actions: [[1, 2, 3]] } })).toThrow(
      'what the queue has is no result of a trial: ',
    );
  });
});

describe('what a part has come to', () => {
  const ended = { spentMs: 300, actions: 40, reached: ['crash'] };

  test('trials on the way count as long as those that have ended took, for whose turn it is', () => {
    const account = new Account(partNamed('lives'));
    expect(account.dueMs).toBe(0);
    expect([account.begin(), account.begin(), account.begin()]).toEqual([0, 1, 2]);
    expect(account.dueMs).toBe(3000);
    account.end(ended);
    expect(account.dueMs).toBe(900);
    account.end({ ...ended, spentMs: 500 });
    expect(account.dueMs).toBe(1200);
    expect(account.summary()).toBe('lives: 2 trials, 80 actions, 0 findings in 1 s\n  reached: crash 2');
  });

  test('a part that cannot be run somewhere is not begun again, and what others have run of it counts', () => {
    const account = new Account(partNamed('mounts'));
    account.end({ obstacle: 'not root' });
    expect([account.obstacle, account.summary()]).toEqual(['not root', 'mounts: skipped, not root']);
    account.end(ended);
    expect(account.summary()).toMatch(/^mounts: 1 trials, 40 actions/);
  });
});
