import { describe, expect, test } from '@jest/globals';
import { errnoCode } from '../../src/lib/errno.js';
import { IRQ_HANDLED } from '../../src/irq/index.js';
import {
  KVM_IRQFD_FLAG_DEASSIGN,
  KVM_IRQFD_FLAG_RESAMPLE,
  type KvmIrqfdArgs,
  type KvmOptions,
  NR_IRQ_SOURCE_IDS,
  resamplerLifetimes,
} from '../../src/kvm/index.js';
import { KvmLab } from './lab.js';

const GSI = 10;

function setup(options: KvmOptions = {}) {
  const lab = new KvmLab(options);
  const { files } = lab.kvm;
  const ioctl = (args: KvmIrqfdArgs): string => {
    const ret = lab.run(lab.kvm.irqfds.ioctl(args));
    return ret === 0 ? 'ok' : errnoCode(ret);
  };
  return { lab, ioctl, fd: files.eventfd('a'), resamplefd: files.eventfd('r'), other: files.eventfd('b') };
}

describe('KVM_IRQFD', () => {
  test('refuses unknown flags before anything else', () => {
    const { ioctl } = setup();
    expect(ioctl({ fd: 99, gsi: GSI, flags: 4 })).toBe('EINVAL');
    expect(ioctl({ fd: 99, gsi: GSI, flags: 4 | KVM_IRQFD_FLAG_DEASSIGN })).toBe('EINVAL');
  });

  test('needs open eventfds', () => {
    const { ioctl, fd } = setup();
    expect(ioctl({ fd: 99, gsi: GSI })).toBe('EBADF');
    expect(ioctl({ fd: 99, gsi: GSI, flags: KVM_IRQFD_FLAG_DEASSIGN })).toBe('EBADF');
    expect(ioctl({ fd, gsi: GSI, flags: KVM_IRQFD_FLAG_RESAMPLE, resamplefd: 99 })).toBe('EBADF');
    expect(ioctl({ fd, gsi: GSI, flags: KVM_IRQFD_FLAG_RESAMPLE })).toBe('EBADF');
  });

  test('resamples only with the IO-APIC in the kernel', () => {
    const flags = KVM_IRQFD_FLAG_RESAMPLE;
    const split = setup({ irqchip: 'split' });
    expect(split.ioctl({ fd: split.fd, gsi: GSI, flags, resamplefd: split.resamplefd })).toBe('EINVAL');
    expect(split.ioctl({ fd: split.fd, gsi: GSI })).toBe('ok');
    const none = setup({ irqchip: 'none' });
    expect(none.ioctl({ fd: none.fd, gsi: GSI })).toBe('EINVAL');
    expect(none.ioctl({ fd: none.fd, gsi: GSI, flags, resamplefd: none.resamplefd })).toBe('EINVAL');
  });

  test('an eventfd has one line', () => {
    const { lab, ioctl, fd, resamplefd } = setup();
    const flags = KVM_IRQFD_FLAG_RESAMPLE;
    expect(ioctl({ fd, gsi: GSI, flags, resamplefd })).toBe('ok');
    expect(ioctl({ fd, gsi: GSI, flags, resamplefd })).toBe('EBUSY');
    expect(ioctl({ fd, gsi: 11, flags, resamplefd })).toBe('EBUSY');
    expect(ioctl({ fd, gsi: 11 })).toBe('EBUSY');
    expect(lab.kvm.ackNotifiers.countOf(GSI)).toBe(1);
    expect(lab.kvm.ackNotifiers.countOf(11)).toBe(0);
    expect(lab.kvm.irqfds.assigned).toHaveLength(1);
  });

  test('deassigning what is not there is no error, and must name eventfd and line', () => {
    const { lab, ioctl, fd, other } = setup();
    const flags = KVM_IRQFD_FLAG_DEASSIGN;
    expect(ioctl({ fd, gsi: GSI })).toBe('ok');
    expect(ioctl({ fd, gsi: 11, flags })).toBe('ok');
    expect(ioctl({ fd: other, gsi: GSI, flags })).toBe('ok');
    expect(lab.kvm.irqfds.assigned).toHaveLength(1);
    expect(ioctl({ fd, gsi: GSI, flags })).toBe('ok');
    expect(lab.kvm.irqfds.assigned).toHaveLength(0);
  });

  test('closing the eventfd deassigns it', () => {
    const { lab, ioctl, fd, resamplefd } = setup();
    ioctl({ fd, gsi: GSI, flags: KVM_IRQFD_FLAG_RESAMPLE, resamplefd });
    lab.run(lab.kvm.files.close(fd));
    expect(lab.kvm.irqfds.assigned).toHaveLength(0);
    expect(lab.kvm.ackNotifiers.countOf(GSI)).toBe(0);
    expect(() => lab.kvm.files.open(fd)).toThrow('not open');
  });

  test('the end of the virtual machine deassigns all', () => {
    const { lab, ioctl, fd, other, resamplefd } = setup();
    lab.request(GSI, () => IRQ_HANDLED);
    ioctl({ fd, gsi: GSI, flags: KVM_IRQFD_FLAG_RESAMPLE, resamplefd });
    ioctl({ fd: other, gsi: 11 });
    const eventfd = lab.kvm.files.open(fd);
    lab.run(lab.kvm.irqfds.release());
    lab.run(eventfd.signal());
    expect(lab.kvm.irqfds.assigned).toHaveLength(0);
    expect(lab.kvm.ackNotifiers.countOf(GSI)).toBe(0);
    expect(lab.desc(GSI).totCount).toBe(0);
  });
});

describe('IRQ source ids', () => {
  test('are as many as bits in a word, two of them taken', () => {
    const { lab } = setup();
    const { sourceIds, log } = lab.kvm;
    const ids = Array.from({ length: NR_IRQ_SOURCE_IDS - 2 }, () => lab.run(sourceIds.request()));
    expect(ids).toEqual(ids.map((_, i) => i + 2));
    expect(errnoCode(lab.run(sourceIds.request()))).toBe('EFAULT');
    expect(log.lines.map(({ text }) => text)).toEqual(['kvm: exhausted allocatable IRQ sources!']);
    lab.run(sourceIds.free(40));
    expect(lab.run(sourceIds.request())).toBe(40);
    lab.run(sourceIds.free(64));
    expect(log.lines.at(-1)?.text).toBe('kvm: IRQ source ID out of range!');
  });

  test('freeing one clears its bit on every line', () => {
    const { lab } = setup();
    const id = lab.run(lab.kvm.sourceIds.request());
    lab.run(lab.kvm.setIrq(id, GSI, true));
    lab.run(lab.kvm.sourceIds.free(id));
    expect(lab.kvm.ioapic.isAssertedBy(GSI, id)).toBe(false);
    expect(lab.kvm.ioapic.isHigh(GSI)).toBe(true);
  });

  test('with one for each resampler they run out; resamplers of one line share theirs', () => {
    const { lab, ioctl, fd, resamplefd } = setup({ resamplers: resamplerLifetimes.ownSourceId });
    const flags = KVM_IRQFD_FLAG_RESAMPLE;
    for (let i = 0; i < 5; i++) {
      const more = lab.kvm.files.eventfd(`more ${i}`);
      expect(ioctl({ fd: more, gsi: GSI, flags, resamplefd })).toBe('ok');
    }
    for (let i = 0; i < NR_IRQ_SOURCE_IDS - 3; i++) expect(lab.run(lab.kvm.sourceIds.request())).toBe(i + 3);
    expect(ioctl({ fd, gsi: 11, flags, resamplefd })).toBe('EFAULT');
    expect(lab.kvm.irqfds.assigned).toHaveLength(5);
  });
});
