import { describe, expect, test } from '@jest/globals';
import { freeIrq, IRQ_HANDLED, IRQ_NONE } from '../../src/irq/index.js';
import {
  KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID,
  KVM_USERSPACE_IRQ_SOURCE_ID,
  resamplerLifetimes,
} from '../../src/kvm/index.js';
import { KvmLab } from './lab.js';

const GSI = 10;

describe.each(Object.entries(resamplerLifetimes))('level-triggered irqfd, %s', (_name, resamplers) => {
  test('the line stays high until the guest has ended the interrupt, and comes again while the device wants', () => {
    const lab = new KvmLab({ resamplers });
    const device = lab.device('nic', GSI);
    expect(lab.run(device.assign())).toBe(0);
    lab.run(device.want(3));
    expect(device).toMatchObject({ wanted: 0, served: 3, isStarved: false });
    expect(lab.desc(GSI).totCount).toBe(3);
    expect(lab.kvm.ioapic.isHigh(GSI)).toBe(false);
    expect(lab.kvm.ledger).toMatchObject({ asserts: 3, deasserts: 3 });
    expect(lab.kvm.ledger.unnotified()).toEqual([]);
  });

  test('two devices on one line are both told of each EOI', () => {
    const lab = new KvmLab({ resamplers });
    const a = lab.device('a', GSI);
    const b = lab.device('b', GSI);
    lab.run(a.assign());
    lab.run(b.assign());
    expect(lab.kvm.ackNotifiers.countOf(GSI)).toBe(1);
    lab.run(a.want(2));
    lab.run(b.want(1));
    expect([a.served, b.served]).toEqual([2, 1]);
    expect(lab.kvm.files.open(a.resamplefd).signals).toBe(3);
    expect(lab.kvm.files.open(b.resamplefd).signals).toBe(3);
    lab.run(a.deassign());
    expect(lab.kvm.ackNotifiers.countOf(GSI)).toBe(1);
    lab.run(b.want(1));
    expect(b.served).toBe(2);
    expect(lab.kvm.files.open(a.resamplefd).signals).toBe(3);
  });

  test('deassigning while the line is high lowers it', () => {
    const lab = new KvmLab({ resamplers });
    lab.guest.map(GSI, 'level');
    const device = lab.device('nic', GSI);
    lab.core.desc(GSI)?.data.chip.irqMask?.(lab.desc(GSI).data);
    lab.machine.settle();
    lab.run(device.assign());
    lab.run(device.want());
    expect(lab.kvm.ioapic.isHigh(GSI)).toBe(true);
    lab.run(device.deassign());
    expect(lab.kvm.ioapic.isHigh(GSI)).toBe(false);
    expect(lab.kvm.ackNotifiers.countOf(GSI)).toBe(0);
    expect(lab.kvm.irqfds.assigned).toEqual([]);
    expect(lab.kvm.ledger.orphaned(lab.kvm.irqfds)).toEqual([]);
    lab.run(device.want());
    expect(lab.kvm.ioapic.isHigh(GSI)).toBe(false);
  });

  test('an assigned device that was taken away can come back', () => {
    const lab = new KvmLab({ resamplers });
    const device = lab.device('nic', GSI);
    for (let round = 1; round <= 3; round++) {
      expect(lab.run(device.assign())).toBe(0);
      lab.run(device.want());
      expect(device.served).toBe(round);
      expect(lab.run(device.deassign())).toBe(0);
    }
    expect(lab.desc(GSI).totCount).toBe(3);
  });

  test('a signal from before the assignment is not missed', () => {
    const lab = new KvmLab({ resamplers });
    const device = lab.device('nic', GSI);
    lab.run(device.want());
    expect(lab.desc(GSI).totCount).toBe(0);
    lab.run(device.assign());
    expect(device.served).toBe(1);
  });
});

describe('the line', () => {
  test('is the OR of its sources', () => {
    const lab = new KvmLab();
    const { kvm } = lab;
    lab.run(kvm.setIrq(KVM_USERSPACE_IRQ_SOURCE_ID, GSI, true));
    lab.run(kvm.setIrq(KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID, GSI, true));
    lab.run(kvm.setIrq(KVM_USERSPACE_IRQ_SOURCE_ID, GSI, false));
    expect(kvm.ioapic.isHigh(GSI)).toBe(true);
    expect(kvm.ioapic.isAssertedBy(GSI, KVM_USERSPACE_IRQ_SOURCE_ID)).toBe(false);
    lab.run(kvm.setIrq(KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID, GSI, false));
    expect(kvm.ioapic.isHigh(GSI)).toBe(false);
  });

  test('kvm_set_irq tells what became of the interrupt', () => {
    const lab = new KvmLab();
    const set = (level: boolean): number => lab.run(lab.kvm.setIrq(0, GSI, level));
    expect(set(true)).toBe(-1); // masked
    expect(set(false)).toBe(1);
    expect(lab.run(lab.kvm.setIrq(0, 24, true))).toBe(-1); // not routed
    lab.request(GSI, () => IRQ_HANDLED);
    lab.machine.cpu(0).localIrqDisable();
    expect(set(true)).toBe(1);
    expect(set(true)).toBe(-1); // waits for its EOI
    expect(lab.kvm.ioapic.isInService(GSI)).toBe(true);
    expect(set(false)).toBe(1);
    lab.machine.cpu(0).localIrqEnable();
    lab.machine.settle();
    expect(lab.kvm.ioapic.isInService(GSI)).toBe(false);
    expect(lab.desc(GSI).totCount).toBe(1);
  });

  test('that is high when the guest unmasks it interrupts at once', () => {
    const lab = new KvmLab();
    lab.run(lab.kvm.irqLine(GSI, true));
    const handler = (): number => {
      lab.kvm.vcpus[lab.machine.thisCpu].exit(() => lab.kvm.irqLine(GSI, false));
      return IRQ_HANDLED;
    };
    expect(lab.request(GSI, handler).totCount).toBe(1);
  });

  test('that nobody lowers is delivered again and again, put off after 10,000 times, until the guest gives it up', () => {
    const lab = new KvmLab();
    const desc = lab.request(GSI, () => IRQ_NONE);
    lab.run(lab.kvm.irqLine(GSI, true));
    expect(desc.totCount).toBe(10_000);
    lab.machine.elapse(10_000_000);
    expect(desc.totCount).toBe(20_000);
    lab.machine.elapse(1_000_000_000);
    expect(desc.totCount).toBe(100_000);
    expect(lab.log.some((line) => line.includes(`irq ${GSI}: nobody cared`))).toBe(true);
  });

  test('goes to the CPU that the guest chose', () => {
    const lab = new KvmLab();
    const device = lab.device('nic', GSI);
    lab.run(device.assign());
    const { data } = lab.desc(GSI);
    data.chip.irqSetAffinity?.(data, lab.machine.online.clone().andNot(data.effectiveAffinity), false);
    const cpu = data.effectiveAffinity.first();
    lab.machine.settle();
    lab.run(device.want(2));
    expect(lab.desc(GSI).cold.kstat[cpu]).toBe(2);
    expect(lab.desc(GSI).totCount).toBe(2);
  });
});

describe('the ledger', () => {
  test('names sources that are high with no irqfd left to lower them; user space may set its own', () => {
    const lab = new KvmLab();
    lab.run(lab.kvm.irqLine(GSI, true));
    expect(lab.kvm.ledger.orphaned(lab.kvm.irqfds)).toEqual([]);
    lab.run(lab.kvm.setIrq(KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID, GSI, true));
    expect(lab.kvm.ledger.orphaned(lab.kvm.irqfds)).toMatchObject([
      { gsi: GSI, sourceId: KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID },
    ]);
    const device = lab.device('nic', GSI);
    lab.run(device.assign());
    expect(lab.kvm.ledger.orphaned(lab.kvm.irqfds)).toEqual([]);
  });
});

describe('the guest', () => {
  test('masks a pin that it frees; the line waits for the next driver', () => {
    const lab = new KvmLab();
    const device = lab.device('nic', GSI);
    lab.run(device.assign());
    lab.run(freeIrq(lab.core, GSI, device.handler));
    lab.run(device.want());
    expect(device.served).toBe(0);
    expect(lab.kvm.ioapic.isHigh(GSI)).toBe(true);
    lab.request(GSI, device.handler);
    expect(device.served).toBe(1);
  });

  test('has as many pins as the IO-APIC', () => {
    const lab = new KvmLab();
    expect(lab.guest.map(23, 'level')).toBe(23);
    expect(() => lab.guest.map(24, 'level')).toThrow('pins 0-23, no 24');
  });
});

describe('irqfd without resampling', () => {
  test('is a pulse: one interrupt of an edge-triggered pin for each signal', () => {
    const lab = new KvmLab();
    const desc = lab.request(4, () => IRQ_HANDLED, 'edge');
    const fd = lab.kvm.files.eventfd('serial');
    expect(lab.run(lab.kvm.irqfds.ioctl({ fd, gsi: 4 }))).toBe(0);
    for (let i = 0; i < 3; i++) lab.run(lab.kvm.files.open(fd).signal());
    expect(desc.totCount).toBe(3);
    expect(lab.kvm.ioapic.isHigh(4)).toBe(false);
  });
});
