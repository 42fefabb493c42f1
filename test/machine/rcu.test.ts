import { describe, expect, test } from '@jest/globals';
import { Machine } from '../../src/machine/machine.js';
import { sleep } from '../../src/machine/completion.js';
import { RcuList, RcuNode, Srcu } from '../../src/machine/rcu.js';
import { inFunction, labelSteps, type Procedure } from '../../src/machine/step.js';

describe('Srcu', () => {
  test('a grace period whose steps are labelled waits for the readers, too', () => {
    const machine = new Machine({ present: 1 });
    const srcu = new Srcu('srcu');
    function* reader(): Procedure<void> {
      const ticket = yield* srcu.readLockSteps();
      yield* sleep(50);
      yield* srcu.readUnlockSteps(ticket);
    }
    machine.spawn('reader', reader());
    machine.settle();
    labelSteps(true);
    try {
      machine.run('writer', inFunction('synchronize_srcu', srcu.synchronize()));
    } finally {
      labelSteps(false);
    }
    expect(machine.clock.now).toBe(50);
  });

  test('a grace period waits for the readers that were inside, not for later ones', () => {
    const machine = new Machine({ present: 1 });
    const srcu = new Srcu('srcu');
    const events: string[] = [];
    function* reader(name: string, startNs: number, endNs: number): Procedure<void> {
      yield* sleep(startNs);
      const ticket = yield* srcu.readLockSteps();
      yield* sleep(endNs - startNs);
      yield* srcu.readUnlockSteps(ticket);
      events.push(`${name} left at ${machine.clock.now}`);
    }
    function* writer(): Procedure<void> {
      yield* sleep(20);
      yield* srcu.synchronize();
      events.push(`grace period over at ${machine.clock.now}`);
    }
    machine.spawn('early', reader('early', 10, 50));
    machine.spawn('other', reader('other', 15, 70));
    machine.spawn('late', reader('late', 30, 100));
    machine.run('writer', writer());
    expect(srcu.readers).toBe(1);
    machine.elapse(100);
    expect(events).toEqual([
      'early left at 50',
      'other left at 70',
      'grace period over at 70',
      'late left at 100',
    ]);
    expect(srcu.readers).toBe(0);
  });

  test('without readers a grace period is over at once', () => {
    const machine = new Machine({ present: 1 });
    const srcu = new Srcu('srcu');
    machine.run('writer', srcu.synchronize());
    expect(machine.clock.now).toBe(0);
  });

  test('a section is left once', () => {
    const machine = new Machine({ present: 1 });
    const srcu = new Srcu('srcu');
    const ticket = machine.run('enter', srcu.readLockSteps());
    machine.run('leave', srcu.readUnlockSteps(ticket));
    expect(() => machine.run('leave', srcu.readUnlockSteps(ticket))).toThrow(
      'left twice: srcu=srcu ticket=0',
    );
  });
});

describe('RcuList', () => {
  function list(): { list: RcuList<string>; a: RcuNode<string>; b: RcuNode<string>; c: RcuNode<string> } {
    const rcu = new RcuList<string>('list');
    const [a, b, c] = ['a', 'b', 'c'].map((item) => new RcuNode(item));
    for (const node of [c, b, a]) rcu.addHead(node);
    return { list: rcu, a, b, c };
  }

  function items(from: RcuNode<string> | undefined): string {
    let text = '';
    for (let node = from; node !== undefined; node = node.next) text += node.item;
    return text;
  }

  test('adds at the head and deletes anywhere', () => {
    const { list: rcu, a, b, c } = list();
    expect(items(rcu.first)).toBe('abc');
    rcu.delete(b);
    expect(items(rcu.first)).toBe('ac');
    rcu.delete(a);
    expect(items(rcu.first)).toBe('c');
    rcu.delete(c);
    expect(rcu.isEmpty).toBe(true);
    expect(() => rcu.delete(c)).toThrow('not on the list');
  });

  test('a reader on a deleted node finds the rest', () => {
    const { list: rcu, b } = list();
    rcu.delete(b);
    expect(items(b)).toBe('bc');
  });

  test('a reader does not meet what is deleted before it comes there', () => {
    const { list: rcu, a, b } = list();
    const at = a;
    rcu.delete(b);
    expect(items(at)).toBe('ac');
  });
});
