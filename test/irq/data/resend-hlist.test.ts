import { expect, test } from '@jest/globals';
import type { IrqDesc } from '../../../src/irq/index.js';
import { ResendHlist } from '../../../src/irq/data/resend-hlist.js';
import { Lab } from '../lab.js';

function lines(): [ResendHlist, IrqDesc, IrqDesc] {
  const lab = new Lab();
  return [new ResendHlist(), lab.line(), lab.line()];
}

function takenFrom(list: ResendHlist): number[] {
  const irqs: number[] = [];
  for (let desc = list.takeFirst(); desc !== undefined; desc = list.takeFirst()) irqs.push(desc.irq);
  return irqs;
}

test('gives the last line first, each once, and forgets those taken out', () => {
  const [list, a, b] = lines();
  list.add(a);
  list.add(b);
  expect([list.has(a), list.has(b)]).toEqual([true, true]);
  expect(takenFrom(list)).toEqual([b.irq, a.irq]);
  expect([list.has(a), list.has(b)]).toEqual([false, false]);
  list.add(a);
  list.add(b);
  list.delete(b);
  list.delete(b);
  expect(takenFrom(list)).toEqual([a.irq]);
  expect(takenFrom(list)).toEqual([]);
});

test('a line put in twice has the list come back to it', () => {
  const [list, a, b] = lines();
  list.add(a);
  list.add(b);
  list.add(a);
  expect(takenFrom(list)).toEqual([a.irq, b.irq, a.irq]);
});

test('the first line put in twice never leaves', () => {
  const [list, a] = lines();
  list.add(a);
  list.add(a);
  expect(() => list.takeFirst()).toThrow(`resend_irqs never ends`);
});
