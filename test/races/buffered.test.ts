import { describe, expect, test } from '@jest/globals';
import { memoryText } from '../../src/explore/report/effort.js';
import { exploreShard } from '../../src/explore/explore.js';
import { races } from '../../src/races/index.js';

/** A few executions of a race's variant with x86's store buffers. */
function bufferedIn(name: string): readonly string[] {
  const [race, variant] = name.split('/');
  const found = races.find(({ id }) => id === race)?.variants.find((known) => known.name === variant);
  if (found === undefined) throw new Error(`no race ${name}`);
  const report = exploreShard(found.model(), { memory: 'tso', maxExecutions: 5, stopAtFirst: false });
  return report.buffered ?? ['nothing is said'];
}

describe('a report says which words were buffered', () => {
  test.each([
    'affinity-vs-offline/no-guard',
    'affinity-vs-offline/flag',
    'affinity-vs-offline/flag-and-lock',
    'move-vs-close/channel-mutex',
    'mapping-create/mutex',
    'register-irq-proc/register-lock',
    'free-shared-thread/own-thread',
  ])('none in %s', (name) => {
    const buffered = bufferedIn(name);
    expect(buffered).toEqual([]);
    expect(memoryText('tso', buffered)).not.toContain('x86 store buffers (TSO), for');
  });

  test.each(['ring-full-wakeup/no-barrier', 'ring-empty-signal/no-barrier', 'uio-mask/user-space-only'])(
    'some in %s',
    (name) => {
      const buffered = bufferedIn(name);
      expect(buffered).not.toEqual([]);
      for (const word of buffered) expect(memoryText('tso', buffered)).toContain(word);
    },
  );
});
