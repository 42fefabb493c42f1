import { expect, test } from '@jest/globals';
import { check } from '../../src/explore/explore.js';
import type { Model } from '../../src/explore/model.js';
import { PercpuRwSem } from '../../src/machine/percpu-rwsem.js';
import { type Procedure, runAtomic, SharedWord } from '../../src/machine/step.js';

interface Users {
  readonly inside: Set<string>;
  readonly together: Set<string>;
}

function model(contexts: readonly ('reader' | 'writer')[]): Model<Users> {
  return {
    name: contexts.join(' '),
    setup(world) {
      const lock = new PercpuRwSem('lock');
      const users: Users = { inside: new Set(), together: new Set() };
      const use = function* (name: string): Procedure<void> {
        users.inside.add(name);
        users.together.add([...users.inside].sort().join(' '));
        yield new SharedWord('what is guarded').update;
        users.inside.delete(name);
      };
      for (const [cpu, kind] of contexts.entries()) {
        const procedure = function* (): Procedure<void> {
          yield* kind === 'reader' ? lock.readLock() : lock.writeLock();
          yield* use(`${kind} ${cpu}`);
          yield* kind === 'reader' ? lock.readUnlock() : lock.writeUnlock();
        };
        world.task(cpu, kind, procedure());
      }
      return users;
    },
    outcome: ({ together }) => [...together].sort().join(', '),
  };
}

function together(...contexts: ('reader' | 'writer')[]): Set<string> {
  const { outcomes = [], verdict } = check(model(contexts), { strategy: { kind: 'dfs' } });
  expect(verdict).toBe('none');
  return new Set(outcomes.flatMap(({ outcome }) => String(outcome).split(', ')));
}

test('readers are inside together, a writer alone', () => {
  expect(together('reader', 'reader')).toEqual(new Set(['reader 0', 'reader 1', 'reader 0 reader 1']));
  expect(together('reader', 'writer')).toEqual(new Set(['reader 0', 'writer 1']));
  expect(together('writer', 'writer')).toEqual(new Set(['writer 0', 'writer 1']));
});

test('a writer that waits keeps new readers out', () => {
  const lock = new PercpuRwSem('lock');
  runAtomic(lock.readLock());
  const writer = lock.writeLock();
  writer.next();
  writer.next();
  expect(() => runAtomic(lock.readLock())).toThrow('acquire of lock');
  runAtomic(lock.readUnlock());
  expect(writer.next().done).toBe(true);
  runAtomic(lock.writeUnlock());
  runAtomic(lock.readLock());
});
