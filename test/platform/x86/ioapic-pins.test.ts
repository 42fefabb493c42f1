import { describe, expect, test } from '@jest/globals';
import type { ClockEvent } from '../../../src/machine/clock.js';
import type { MsiMsg } from '../../../src/irq/data/irqdata.js';
import type { MsiReceiver } from '../../../src/platform/pci/msi-table.js';
import { IoapicPins, type RouteEntry } from '../../../src/platform/x86/ioapic-pins.js';

/** Pins that send to a list of vectors; what is to happen soon happens at `settle`. */
function board(): { pins: IoapicPins; take(): number[]; settle(): void } {
  const sent: number[] = [];
  const later: ClockEvent[] = [];
  const receiver: MsiReceiver = {
    deliver({ data }) {
      sent.push(data);
      return 'sent';
    },
    soon: (event) => void later.push(event),
  };
  const pins = new IoapicPins(4, receiver);
  return {
    pins,
    take: () => sent.splice(0),
    settle: () => {
      for (const event of later.splice(0)) event.fire();
    },
  };
}

const msg = (data: number): MsiMsg => ({ addressHi: 0, addressLo: 0xfee00000, data });
const entry = (vector: number, more: Partial<RouteEntry> = {}): RouteEntry => ({
  masked: false,
  level: true,
  msg: msg(vector),
  ...more,
});

// 82093AA data sheet, 3.2.4: interrupt mask, trigger mode, remote IRR.
describe('a pin of an IO-APIC', () => {
  test('an edge is sent at once, and lost while the pin is masked', () => {
    const { pins, take } = board();
    expect(pins.edge(1)).toBe('lost');
    pins.writeEntry(1, entry(0x31, { level: false }));
    expect([pins.edge(1), pins.edge(1)]).toEqual(['sent', 'sent']);
    expect(take()).toEqual([0x31, 0x31]);
    pins.writeEntry(1, entry(0x31, { level: false, masked: true }));
    expect([pins.edge(1), take()]).toEqual(['lost', []]);
  });

  test('a level is sent once, and again after each end while the line is high', () => {
    const { pins, take, settle } = board();
    pins.writeEntry(2, entry(0x42));
    pins.drive(2, true);
    pins.drive(2, true);
    expect([take(), pins.remoteIrr(2)]).toEqual([[0x42], true]);
    pins.eoi(0x42);
    expect([take(), pins.remoteIrr(2)]).toEqual([[], false]);
    settle();
    expect([take(), pins.remoteIrr(2)]).toEqual([[0x42], true]);
    pins.drive(2, false);
    pins.eoi(0x42);
    settle();
    expect([take(), pins.remoteIrr(2)]).toEqual([[], false]);
  });

  test('an end is that of its vector, on all pins that wait for it', () => {
    const { pins, settle, take } = board();
    for (const [pin, vector] of [
      [0, 0x50],
      [1, 0x50],
      [2, 0x51],
    ]) {
      pins.writeEntry(pin, entry(vector));
      pins.drive(pin, true);
    }
    take();
    pins.eoi(0x50);
    expect([0, 1, 2, 3].map((pin) => pins.remoteIrr(pin))).toEqual([false, false, true, false]);
    settle();
    expect(take()).toEqual([0x50, 0x50]);
  });

  test('an end by pin is that of the pin alone, and none where nothing was sent', () => {
    const { pins, settle, take } = board();
    for (const pin of [0, 1]) {
      pins.writeEntry(pin, entry(0x50));
      pins.drive(pin, true);
    }
    take();
    pins.eoiPin(0);
    settle();
    expect(take()).toEqual([0x50]);
    pins.writeEntry(3, entry(0x53, { masked: true }));
    pins.drive(3, true);
    pins.eoiPin(3);
    pins.writeEntry(3, entry(0x53));
    settle();
    expect([take(), pins.remoteIrr(3)]).toEqual([[0x53], true]);
  });

  test('a level that is high as the pin is unmasked is sent; as an edge it forgets what it waited for', () => {
    const { pins, settle, take } = board();
    pins.writeEntry(2, entry(0x42, { masked: true }));
    pins.drive(2, true);
    settle();
    expect(take()).toEqual([]);
    pins.writeEntry(2, entry(0x43));
    settle();
    expect(take()).toEqual([0x43]);
    pins.writeEntry(2, entry(0x43, { level: false }));
    expect(pins.remoteIrr(2)).toBe(false);
    settle();
    expect(take()).toEqual([]);
  });

  test('a line that an edge-triggered pin has is no interrupt by being high', () => {
    const { pins, settle, take } = board();
    pins.writeEntry(2, entry(0x42, { level: false }));
    pins.drive(2, true);
    settle();
    expect(take()).toEqual([]);
  });
});
