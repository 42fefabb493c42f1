import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clearBit, setBit } from '../../../src/lib/bitmap.js';
import { GicBank } from '../../../src/platform/arm64/gic-bank.js';

const SIZE = 100;

function bankWith(...enabled: number[]): GicBank {
  const bank = new GicBank(SIZE);
  for (const index of enabled) setBit(bank.enabled, index);
  return bank;
}

/** All interrupts that are to go to a CPU, by one look after the other. */
function forwarded(bank: GicBank): number[] {
  const list: number[] = [];
  for (let at = bank.nextForwarded(0); at >= 0; at = bank.nextForwarded(at + 1)) list.push(at);
  return list;
}

// Arm IHI 0069, chapter 4.1.2: the states of an interrupt, by its trigger.
describe('interrupts of a GIC', () => {
  test('an edge stays pending until it is acknowledged, however the line goes on', () => {
    const bank = bankWith(40);
    setBit(bank.edge, 40);
    bank.drive(40, true);
    bank.drive(40, false);
    expect([bank.isPending(40), bank.isLatched(40), bank.isForwarded(40)]).toEqual([true, true, true]);
    bank.acknowledge(40);
    expect([bank.isPending(40), bank.isForwarded(40), forwarded(bank)]).toEqual([false, false, []]);
  });

  test('an edge while the interrupt is active is forwarded after its end', () => {
    const bank = bankWith(40);
    setBit(bank.edge, 40);
    bank.drive(40, true);
    bank.acknowledge(40);
    bank.drive(40, true);
    expect(bank.isPending(40)).toBe(false);
    bank.drive(40, false);
    bank.drive(40, true);
    expect([bank.isPending(40), bank.isForwarded(40), forwarded(bank)]).toEqual([true, false, []]);
    clearBit(bank.active, 40);
    expect([bank.isForwarded(40), forwarded(bank)]).toEqual([true, [40]]);
  });

  test('a level is pending while the line is high, whatever is written', () => {
    const bank = bankWith(40);
    bank.drive(40, true);
    bank.unlatch(40);
    expect([bank.isPending(40), bank.isLatched(40)]).toEqual([true, false]);
    bank.acknowledge(40);
    expect([bank.isPending(40), bank.isForwarded(40)]).toEqual([true, false]);
    clearBit(bank.active, 40);
    expect(forwarded(bank)).toEqual([40]);
    bank.drive(40, false);
    expect([bank.isPending(40), forwarded(bank)]).toEqual([false, []]);
  });

  test('what software has made pending is so until it is taken back', () => {
    const bank = bankWith(3);
    bank.latch(3);
    bank.latch(64);
    expect([bank.isPending(3), bank.isPending(64), forwarded(bank)]).toEqual([true, true, [3]]);
    bank.unlatch(3);
    expect([bank.isPending(3), forwarded(bank)]).toEqual([false, []]);
    setBit(bank.enabled, 64);
    expect(forwarded(bank)).toEqual([64]);
  });

  test('what is pending stays so when another of the same word is taken back', () => {
    for (const [first, second] of [
      [32, 33],
      [33, 32],
      [62, 63],
    ]) {
      const bank = bankWith(first, second);
      bank.latch(first);
      bank.latch(second);
      bank.unlatch(second);
      expect(forwarded(bank)).toEqual([first]);
      bank.drive(second, true);
      bank.unlatch(first);
      expect(forwarded(bank)).toEqual([second]);
    }
  });

  test('a line on edges that is high is a pending level once it is one (GICD_ICFGR)', () => {
    for (const index of [32, 40]) {
      const bank = bankWith(index);
      setBit(bank.edge, index);
      bank.drive(index, true);
      bank.acknowledge(index);
      clearBit(bank.active, index);
      expect(forwarded(bank)).toEqual([]);
      clearBit(bank.edge, index);
      expect(forwarded(bank)).toEqual([index]);
    }
  });

  test('after disableAll none is forwarded, and what is pending waits', () => {
    const bank = bankWith(3, 70);
    bank.latch(3);
    bank.latch(70);
    bank.acknowledge(3);
    bank.disableAll();
    expect([forwarded(bank), bank.isPending(70)]).toEqual([[], true]);
    setBit(bank.enabled, 70);
    setBit(bank.enabled, 3);
    bank.latch(3);
    expect(forwarded(bank)).toEqual([3, 70]);
  });

  test('looking for the next is as looking at each, after any deeds', () => {
    const deed = fc.record({
      what: fc.constantFrom('enable', 'edge', 'latch', 'unlatch', 'high', 'low', 'acknowledge', 'end'),
      index: fc.nat({ max: SIZE - 1 }),
    });
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const bank = new GicBank(SIZE);
        for (const { what, index } of deeds) {
          if (what === 'enable') setBit(bank.enabled, index);
          else if (what === 'edge') setBit(bank.edge, index);
          else if (what === 'latch') bank.latch(index);
          else if (what === 'unlatch') bank.unlatch(index);
          else if (what === 'high' || what === 'low') bank.drive(index, what === 'high');
          else if (what === 'acknowledge') bank.acknowledge(index);
          else clearBit(bank.active, index);
        }
        const each = Array.from({ length: SIZE }, (_, index) => index).filter((index) =>
          bank.isForwarded(index),
        );
        expect(forwarded(bank)).toEqual(each);
      }),
    );
  });
});
