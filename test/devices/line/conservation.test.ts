import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Guest } from '../../../src/guest/guest.js';
import { ErrnoError } from '../../../src/lib/errno.js';
import type { InterruptOptions } from '../../../src/scenario/options/interrupts.js';
import { runs } from '../../support/long.js';

const CPUS = 3;

const kinds: readonly InterruptOptions[] = [
  { irq: 8, chip: 'IO-APIC', flow: 'edge', name: 'rtc0' },
  { irq: 20, chip: 'IO-APIC', flow: 'fasteoi', name: 'a, b', costNs: 300 },
  {
    irq: 21,
    chip: 'IO-APIC',
    flow: 'fasteoi',
    name: 'c',
    thread: true,
    threadCostNs: 700,
    flags: ['IRQF_ONESHOT'],
  },
  { irq: 12, chip: 'XT-PIC', flow: 'level', name: 'd' },
  { irq: 40, chip: 'PCI-MSI', hwirq: 1, flow: 'edge', name: 'e', costNs: 500 },
  { irq: 41, chip: 'PCI-MSI', hwirq: 2, flow: 'edge', name: 'f', managed: true, affinity: '1-2' },
];

const irq = fc.constantFrom(...kinds.map((kind) => kind.irq));
const cpu = fc.nat(CPUS - 1);
const deed = fc.oneof(
  { arbitrary: fc.tuple(fc.constant('raise' as const), irq, fc.integer({ min: 1, max: 4 })), weight: 6 },
  fc.tuple(
    fc.constantFrom('enable' as const, 'disable' as const, 'free' as const, 'request' as const),
    irq,
    cpu,
  ),
  fc.tuple(fc.constant('affinity' as const), irq, cpu),
  fc.tuple(fc.constantFrom('offline' as const, 'online' as const), irq, cpu),
  fc.tuple(fc.constantFrom('irqs off' as const, 'irqs on' as const), irq, cpu),
  fc.tuple(fc.constant('wait' as const), irq, fc.nat(1000)),
);

type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

/** What the guest refuses, it refuses; nothing else may be thrown. */
function attempt(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
  }
}

/** A guest, with what a test must remember of it. */
class Tried {
  readonly guest = Guest.create({ cpus: CPUS, kernel: '6.12', vmbus: false, interrupts: kinds });
  readonly raised = new Map<number, number>();
  private readonly disabled = new Map<number, number>();
  private readonly irqsOff = new Set<number>();

  perform([what, number, value]: Deed): void {
    const { guest } = this;
    const line = guest.irq(number);
    const disables = this.disabled.get(number) ?? 0;
    switch (what) {
      case 'raise':
        guest.raise(number, value);
        this.raised.set(number, (this.raised.get(number) ?? 0) + value);
        return;
      case 'disable':
        line.disableNosync();
        this.disabled.set(number, disables + 1);
        return;
      case 'enable':
        if (disables === 0) return;
        line.enable();
        this.disabled.set(number, disables - 1);
        return;
      case 'free':
        // Freeing waits for what is on its way to a CPU.
        if (this.irqsOff.size === 0 && disables === 0) line.free();
        return;
      case 'request': {
        if (line.name === '') attempt(() => line.request({ name: 'again' }));
        return;
      }
      case 'affinity':
        attempt(() => line.setAffinity(value));
        return;
      case 'offline':
        if (this.irqsOff.size === 0 && value !== 0) attempt(() => guest.cpu(value).offline());
        return;
      case 'online':
        if (this.irqsOff.size === 0) guest.cpu(value).online();
        return;
      case 'irqs off':
        if (this.irqsOff.has(value) || !guest.cpu(value).isOnline) return;
        guest.cpu(value).disableInterrupts();
        this.irqsOff.add(value);
        return;
      case 'irqs on':
        this.turnOn(value);
        return;
      case 'wait':
        guest.run({ ns: value });
    }
  }

  /** All is enabled, all CPUs take interrupts, and all that waited has come. */
  comeToRest(): void {
    for (const number of [...this.irqsOff]) this.turnOn(number);
    for (let number = 0; number < CPUS; number++) this.guest.cpu(number).online();
    for (const [number, disables] of this.disabled)
      for (let i = 0; i < disables; i++) this.guest.irq(number).enable();
    for (const { irq: number } of kinds)
      if (this.guest.irq(number).name === '') attempt(() => this.guest.irq(number).request({ name: 'last' }));
    this.guest.run({ ms: 1 });
  }

  private turnOn(number: number): void {
    if (this.irqsOff.delete(number)) this.guest.cpu(number).enableInterrupts();
  }
}

describe('whatever devices, drivers and CPUs do,', () => {
  test('raised = delivered + coalesced + lost + waiting, and at rest nothing waits', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const tried = new Tried();
        const { guest } = tried;
        for (const each of deeds) {
          tried.perform(each);
          for (const { irq: number } of kinds) {
            const { raised, delivered, coalesced, lost, waiting } = guest.irq(number).line;
            expect(raised).toBe(tried.raised.get(number) ?? 0);
            expect(Math.min(delivered, coalesced, lost, waiting)).toBeGreaterThanOrEqual(0);
          }
        }
        tried.comeToRest();
        for (const { irq: number } of kinds) {
          const line = guest.irq(number);
          expect([number, line.line.waiting]).toEqual([number, 0]);
          // Each time that a level was served, or an edge was taken, its interrupt was counted, or resent.
          if (line.line.delivered > 0) expect(line.total).toBeGreaterThan(0);
          expect(line.desc.irqsUnhandled).toBeLessThan(2);
        }
      }),
      { numRuns: runs(100, 40), seed: 11 },
    );
  });
});
