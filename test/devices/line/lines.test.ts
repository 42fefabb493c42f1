import { describe, expect, it } from '@jest/globals';
import type { InterruptOptions } from '../../../src/scenario/options/interrupts.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import { Guest } from '../../../src/guest/guest.js';

function guestWith(interrupts: InterruptOptions[], options: Partial<GuestOptions> = {}): Guest {
  return Guest.create({ cpus: 4, kernel: '6.12', vmbus: false, interrupts, ...options });
}

const rtc: InterruptOptions = { irq: 8, chip: 'IO-APIC', flow: 'edge', name: 'rtc0' };
const msi: InterruptOptions = { irq: 40, chip: 'PCI-MSI', hwirq: 524288, flow: 'edge', name: 'eth0' };
const pin: InterruptOptions = { irq: 20, chip: 'IO-APIC', flow: 'fasteoi', name: 'uart' };

/** raised = delivered + coalesced + lost + waiting. */
function isConserved(guest: Guest, irq: number): boolean {
  const { raised, delivered, coalesced, lost, waiting } = guest.irq(irq).line;
  return raised === delivered + coalesced + lost + waiting;
}

describe('a device asserts its interrupt', () => {
  it('goes to the CPU that the affinity has chosen, and counts there', () => {
    const guest = guestWith([rtc, msi, pin]);
    for (const irq of [8, 40, 20]) {
      const before = Number(guest.irq(irq).effectiveAffinity);
      const target = (before + 1) % 4;
      guest.irq(irq).setAffinity(target);
      guest.irq(irq).raise();
      // A pending move is carried out by the first interrupt (arch/x86/kernel/apic/vector.c apic_ack_irq).
      guest.irq(irq).raise();
      const expected = [0, 0, 0, 0];
      expected[before] = 1;
      expected[target] = 1;
      expect(guest.irq(irq).counts).toEqual(expected);
      expect(guest.irq(irq).line).toEqual({ raised: 2, delivered: 2, coalesced: 0, lost: 0, waiting: 0 });
    }
  });

  it('waits while its CPU takes no interrupts; edges join, as in the IRR of a local APIC', () => {
    const guest = guestWith([msi]);
    const irq = guest.irq(40);
    const target = guest.cpu(Number(irq.effectiveAffinity));
    target.disableInterrupts();
    for (let i = 0; i < 3; i++) irq.raise();
    expect(irq.line).toEqual({ raised: 3, delivered: 0, coalesced: 2, lost: 0, waiting: 1 });
    target.enableInterrupts();
    expect(irq.total).toBe(1);
    expect(irq.line).toEqual({ raised: 3, delivered: 1, coalesced: 2, lost: 0, waiting: 0 });
  });

  it('is remembered once while the line is disabled, and resent (kernel/irq/chip.c handle_edge_irq)', () => {
    const guest = guestWith([msi]);
    const irq = guest.irq(40);
    irq.disable();
    irq.raise();
    expect(irq.total).toBe(0);
    // The first one masked the line: an MSI function keeps those that follow, as one.
    irq.raise();
    irq.raise();
    expect(irq.line).toEqual({ raised: 3, delivered: 1, coalesced: 1, lost: 0, waiting: 1 });
    irq.enable();
    // The resend, and the one that the function had kept: one interrupt, if both are the same vector's.
    expect([1, 2]).toContain(irq.total);
    expect(irq.line).toEqual({ raised: 3, delivered: 2, coalesced: 1, lost: 0, waiting: 0 });
    expect(isConserved(guest, 40)).toBe(true);
  });

  it('is lost on a masked pin of an IO-APIC (Intel 82093AA, interrupt mask)', () => {
    const guest = guestWith([rtc]);
    const irq = guest.irq(8);
    irq.disable();
    for (let i = 0; i < 3; i++) irq.raise();
    irq.enable();
    expect(irq.total).toBe(1);
    expect(irq.line).toEqual({ raised: 3, delivered: 1, coalesced: 0, lost: 2, waiting: 0 });
  });

  it('is held by a level until the line is enabled, then served once', () => {
    const guest = guestWith([pin]);
    const irq = guest.irq(20);
    irq.disable();
    irq.raise();
    irq.raise();
    expect(irq.total).toBe(0);
    expect(irq.line).toEqual({ raised: 2, delivered: 0, coalesced: 1, lost: 0, waiting: 1 });
    irq.enable();
    expect(irq.total).toBe(1);
    expect(irq.line).toEqual({ raised: 2, delivered: 1, coalesced: 1, lost: 0, waiting: 0 });
  });

  it('asserts before anybody has requested a level: the request starts the line and serves it', () => {
    const guest = guestWith([{ irq: 20, chip: 'IO-APIC', flow: 'fasteoi' }]);
    const irq = guest.irq(20);
    irq.raise();
    expect(irq.total).toBe(0);
    irq.request({ name: 'late' });
    expect(irq.total).toBe(1);
  });

  it('of a shared level is taken by its own driver: the others answer IRQ_NONE', () => {
    const guest = guestWith([{ ...pin, name: 'a, b' }]);
    const irq = guest.irq(20);
    irq.raise({ name: 'b' });
    expect(irq.total).toBe(1);
    expect(irq.desc.irqsUnhandled).toBe(0);
    expect(() => irq.raise({ name: 'c' })).toThrow('IRQ 20 has no device c; its devices: a, b');
  });

  it('that nobody takes ends in "nobody cared" (kernel/irq/spurious.c note_interrupt)', () => {
    const guest = guestWith([{ ...pin, answers: 'none' }]);
    const irq = guest.irq(20);
    irq.raise();
    expect(irq.total).toBe(100_000);
    expect(guest.log.map(({ text }) => text)).toContain(
      'irq 20: nobody cared (try booting with the "irqpoll" option)',
    );
    expect(irq.line.waiting).toBe(1);
  });

  it('comes on the CPU that is named, for a per-CPU line only', () => {
    const guest = guestWith([{ irq: 30, chip: 'GICv3', hwirq: 30, flow: 'percpu', name: 'arch_timer' }, msi]);
    guest.irq(30).raise({ cpu: 3 });
    expect(guest.irq(30).counts).toEqual([0, 0, 0, 1]);
    expect(() => guest.irq(30).raise()).toThrow('IRQ 30 is a per-CPU one: say of which CPU');
    expect(() => guest.irq(40).raise({ cpu: 1 })).toThrow('IRQ 40 goes where its affinity says');
  });

  it('is not for a line of VMBus', () => {
    const guest = Guest.create({ cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }] });
    const { irq } = guest.channel(7);
    expect(() => guest.irq(irq).raise()).toThrow(`IRQ ${irq} is that of channel 7: have its host signal it`);
    expect(() => guest.irq(irq).free()).toThrow(RangeError);
  });

  it('is not for a line of KVM', () => {
    const kvm = { devices: [{ name: 'uart', gsi: 20, everyNs: 1e6, duringNs: 1e6 }] };
    const guest = guestWith([], { kvm });
    expect(() => guest.irq(20).raise()).toThrow('IRQ 20 is that of uart, a device behind KVM');
  });

  it('comes through a GIC, which keeps an edge while it is masked (GICv3, pending state)', () => {
    const spi = { irq: 40, chip: 'GICv3', hwirq: 72, flow: 'fasteoi', name: 'pl011' } as const;
    const edge = { ...spi, irq: 41, hwirq: 73, trigger: 'edge', name: 'gpio' } as const;
    const guest = guestWith([spi, edge], { arch: 'arm64' });
    for (const irq of [40, 41]) {
      guest.irq(irq).setAffinity(2);
      guest.irq(irq).raise();
      expect(guest.irq(irq).counts).toEqual([0, 0, 1, 0]);
      guest.irq(irq).disable();
      for (let i = 0; i < 3; i++) guest.irq(irq).raise();
      guest.irq(irq).enable();
    }
    expect(guest.irq(40).line).toEqual({ raised: 4, delivered: 2, coalesced: 2, lost: 0, waiting: 0 });
    // The first edge is remembered by Linux, the second one by the GIC, which the third one joins.
    expect(guest.irq(41).line).toEqual({ raised: 4, delivered: 3, coalesced: 1, lost: 0, waiting: 0 });
    // Linux sends the first one again by the GIC's pending bit, where the second one waits (gic_retrigger).
    expect(guest.irq(41).total).toBe(2);
  });
});

describe('a driver', () => {
  it('serves its device in a thread; a oneshot level stays masked until then', () => {
    const options = { thread: true, threadCostNs: 1000, flags: ['IRQF_ONESHOT'] } as const;
    const guest = guestWith([{ ...pin, ...options }]);
    const irq = guest.irq(20);
    irq.raise();
    expect(irq.line.waiting).toBe(1);
    irq.raise();
    guest.run({ us: 2 });
    expect(irq.total).toBe(1);
    expect(irq.line).toEqual({ raised: 2, delivered: 1, coalesced: 1, lost: 0, waiting: 0 });
  });

  it('may have a thread and no handler', () => {
    const guest = guestWith([{ ...pin, thread: 'alone', flags: ['IRQF_ONESHOT'] }]);
    guest.irq(20).raise();
    expect(guest.irq(20).line.delivered).toBe(1);
    expect(() => guestWith([{ ...pin, thread: 'alone' }])).toThrow('IRQ 20 (uart) cannot be requested: -22');
  });

  it('keeps its CPU from the next interrupt as long as its handler takes', () => {
    const guest = guestWith([{ ...msi, costNs: 5000 }]);
    const irq = guest.irq(40);
    irq.raise();
    irq.raise();
    expect(irq.total).toBe(1);
    guest.run({ us: 5 });
    expect(irq.total).toBe(2);
  });

  it('waits in disable_irq for its thread, not in disable_hardirq', () => {
    const options = { thread: true, threadCostNs: 1000, flags: ['IRQF_ONESHOT'] } as const;
    const guest = guestWith([{ ...pin, ...options }]);
    const irq = guest.irq(20);
    irq.raise();
    const before = guest.now;
    expect(irq.disableHardirq()).toBe(false);
    expect(guest.now).toBe(before);
    irq.synchronize();
    expect(guest.now).toBe(before + 1000);
    expect(irq.synchronizeHardirq()).toBe(true);
  });

  it('is refused what the kernel refuses (kernel/irq/manage.c __setup_irq)', () => {
    const guest = guestWith([pin]);
    const irq = guest.irq(20);
    expect(() => irq.request({ name: 'b', flags: ['IRQF_SHARED'] })).toThrow(
      /^EBUSY: IRQ 20 for b with IRQF_SHARED/,
    );
    expect(() => guest.irq(3).request({ name: 'b', flags: ['IRQF_COND_SUSPEND'] })).toThrow(/^EINVAL: /);
    expect(() => guest.irq(3).request({ name: 'b', flags: ['IRQF_X' as 'IRQF_SHARED'] })).toThrow(RangeError);
    expect(irq.name).toBe('uart');
  });

  it('frees the line, and may request it again', () => {
    const guest = guestWith([pin]);
    const irq = guest.irq(20);
    irq.disable();
    irq.raise();
    expect(irq.free('uart')).toBe('uart');
    // The driver has quieted its device.
    expect(irq.line).toEqual({ raised: 1, delivered: 0, coalesced: 0, lost: 1, waiting: 0 });
    expect(irq.free('uart')).toBeNull();
    expect(guest.log.some(({ text }) => text.includes('Trying to free already-free IRQ 20'))).toBe(true);
    irq.request({ name: 'uart2' });
    irq.raise();
    expect(irq.total).toBe(1);
    expect(guest.fs.readFile('/sys/kernel/irq/20/actions')).toBe('uart2\n');
  });

  it('enables what it requested with IRQF_NO_AUTOEN', () => {
    const guest = guestWith([{ ...msi, flags: ['IRQF_NO_AUTOEN'] }]);
    guest.irq(40).raise();
    expect(guest.irq(40).total).toBe(0);
    guest.irq(40).enable();
    expect(guest.irq(40).total).toBe(1);
    guest.irq(40).enable();
    expect(guest.log.some(({ text }) => text.includes('Unbalanced enable for IRQ 40'))).toBe(true);
  });

  it('lets its line wake the machine', () => {
    const guest = guestWith([msi]);
    guest.irq(40).setWake(true);
    expect(guest.fs.readFile('/sys/kernel/irq/40/wakeup')).toBe('enabled\n');
  });
});

describe('lines come and go', () => {
  it('gives the number back, but for those that the architecture has set up (mp_unmap_irq)', () => {
    const guest = guestWith([msi, rtc]);
    guest.lines.unplug(40);
    guest.lines.unplug(8);
    expect(() => guest.irq(40)).toThrow('there is no IRQ 40');
    expect(guest.irq(8).name).toBe('');
    expect(() => guest.fs.readFile('/proc/irq/40/spurious')).toThrow('ENOENT');
    guest.lines.plug({ ...msi, name: 'eth1' });
    guest.irq(40).raise();
    expect(guest.irq(40).total).toBe(1);
    expect(guest.irq(40).name).toBe('eth1');
  });

  it('does not let user space move a managed line, and shuts it down with its CPUs', () => {
    const guest = guestWith([{ ...msi, managed: true, affinity: '2' }]);
    expect(() => guest.irq(40).setAffinity('1')).toThrow(/^(EIO|EPERM)/);
    guest.cpu(2).offline();
    guest.irq(40).raise();
    expect(guest.irq(40).total).toBe(0);
    guest.cpu(2).online();
    expect(guest.irq(40).counts).toEqual([0, 0, 1, 0]);
  });

  it('moves with its devices when a CPU goes offline', () => {
    const guest = guestWith([msi, pin]);
    for (const irq of [40, 20]) {
      guest.irq(irq).setAffinity(3);
      guest.irq(irq).raise();
    }
    guest.cpu(3).offline();
    for (const irq of [40, 20]) {
      guest.irq(irq).raise();
      expect(guest.irq(irq).total).toBe(2);
      expect(isConserved(guest, irq)).toBe(true);
    }
  });
});

it('freeing waits for an interrupt that is on its way to a CPU (kernel/irq/manage.c __synchronize_irq)', () => {
  const guest = guestWith([{ ...pin, costNs: 300 }]);
  guest.irq(20).raise();
  const before = guest.now;
  guest.irq(20).raise();
  guest.irq(20).free();
  expect(guest.now).toBe(before + 300);
  // The driver had quieted the device: the interrupt that came then was nobody's.
  expect(guest.irq(20).line).toEqual({ raised: 2, delivered: 1, coalesced: 0, lost: 1, waiting: 0 });
  expect(guest.irq(20).total).toBe(1);
});
