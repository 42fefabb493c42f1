import { describe, expect, test } from '@jest/globals';
import { UioHvGeneric, type UioMasking } from '../../../src/drivers/uio/uio-hv-generic.js';
import { LeanGuest } from '../../../src/lab/lean-guest.js';
import { RaceHost } from '../../../src/lab/race-host.js';
import { RING_PAGE_BYTES, RING_WORD, RingBuffer, RingReader } from '../../../src/vmbus/ring/index.js';

class Lab {
  readonly guest = new LeanGuest({ makeHost: () => new RaceHost() });
  readonly ring = new RingBuffer(new ArrayBuffer(2 * RING_PAGE_BYTES), 0, 2 * RING_PAGE_BYTES);
  signals = 0;
  readonly uio: UioHvGeneric;

  constructor(masking: UioMasking) {
    this.ring.init();
    this.uio = new UioHvGeneric(new RingReader(this.ring), masking, () => {
      this.signals += 1;
    });
  }

  get mask(): number {
    return this.ring.load(RING_WORD.INTERRUPT_MASK);
  }

  interrupt(): void {
    this.uio.callback(this.guest.newChannel(5, 0));
  }
}

describe('uio_hv_generic', () => {
  test.each([
    ['user-space', 0, 0],
    ['driver-too', 1, 1],
  ] as const)('%s: the mask after open, and after an interrupt', (masking, afterOpen, afterInterrupt) => {
    const lab = new Lab(masking);
    const { machine } = lab.guest;
    machine.run('open', lab.uio.open());
    expect(lab.mask).toBe(afterOpen);
    machine.run('unmask', lab.uio.setMask(0));
    lab.interrupt();
    expect(lab.mask).toBe(afterInterrupt);
  });

  test('a read waits for an interrupt since the last one', () => {
    const lab = new Lab('user-space');
    const { machine } = lab.guest;
    machine.run('open', lab.uio.open());
    lab.interrupt();
    lab.interrupt();
    machine.run('read', lab.uio.read());
    const waits = machine.spawn('read', lab.uio.read());
    machine.settle();
    expect(waits.state).toBe('blocked');
    lab.interrupt();
    machine.settle();
    expect(waits.state).toBe('done');
  });

  test('a write turns interrupts off and on, and has the host look when they are on', () => {
    const lab = new Lab('user-space');
    const { machine } = lab.guest;
    machine.run('write 0', lab.uio.irqControl(false));
    expect([lab.mask, lab.signals]).toEqual([1, 0]);
    machine.run('write 1', lab.uio.irqControl(true));
    expect([lab.mask, lab.signals]).toEqual([0, 1]);
  });
});
