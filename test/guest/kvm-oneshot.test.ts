import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { KernelVersion } from '../../src/irq/kernel.js';
import { IRQ_HANDLED, IRQ_NONE, IRQ_WAKE_THREAD, IRQF_ONESHOT } from '../../src/irq/data/irqaction.js';
import { freeIrq } from '../../src/irq/management/free.js';
import { requestThreadedIrq } from '../../src/irq/management/request.js';
import { sleep } from '../../src/machine/completion.js';

// arch/x86/kvm/ioapic.c ioapic_write_indirect: a guest whose handler is a thread serves its device after the EOI and
// before the unmask.

const GSI = 10;

interface Seen {
  interrupts: number;
  served: number;
  /** Runs of the thread that found nothing to do. */
  empty: number;
}

/** A guest whose driver serves its device in a oneshot thread, 20 µs after the interrupt. */
function run(kernel: KernelVersion, things: number, atOnce: number): Seen {
  const device = { name: 'i2c', gsi: GSI, everyNs: 1_000_000, duringNs: 100_000_000, wants: things };
  const guest = Guest.create({ cpus: 2, kernel, vmbus: false, kvm: { devices: [device] } });
  const { kvm, irqCore, machine } = guest;
  const dev = kvm?.devices[0];
  if (kvm === undefined || dev === undefined) throw new Error('no KVM');
  machine.run('free', freeIrq(irqCore, GSI, dev));
  let empty = 0;
  const thread = function* () {
    yield* sleep(20_000);
    if (dev.wanted === 0) {
      empty += 1;
      return IRQ_NONE;
    }
    for (let i = 0; i < atOnce && dev.wanted > 0; i++) dev.handler(GSI, dev);
    return IRQ_HANDLED;
  };
  const request = requestThreadedIrq(irqCore, GSI, () => IRQ_WAKE_THREAD, thread, IRQF_ONESHOT, 'i2c', dev);
  expect(machine.run('request', request)).toBe(0);
  guest.run({ ms: 200 });
  const { interrupts, served } = kvm.counts();
  return { interrupts, served, empty };
}

describe('a level that is high when its pin is unmasked', () => {
  test.each(['6.10', '6.12', '7.2'] as const)('is looked at once more from 6.4 on: %s', (kernel) => {
    expect(run(kernel, 1, 1)).toEqual({ interrupts: 100, served: 100, empty: 0 });
  });

  test('was taken for high before: an interrupt more for each want', () => {
    expect(run('6.1', 1, 1)).toEqual({ interrupts: 200, served: 100, empty: 100 });
  });

  test.each(['6.1', '6.12'] as const)('on %s a device that still wants service gets it', (kernel) => {
    const { served, interrupts } = run(kernel, 3, 1);
    expect(served).toBe(300);
    expect(interrupts).toBeGreaterThanOrEqual(300);
  });

  test('a thread that serves all has one interrupt for several things', () => {
    expect(run('6.12', 3, 3)).toEqual({ interrupts: 100, served: 300, empty: 0 });
  });
});
