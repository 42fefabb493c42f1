import { expect, test } from '@jest/globals';
import * as irq from '../../../src/irq/index.js';
import { irqDomainFlags } from '../../../src/irq/data/revmap.js';

// The numbers are seen from outside: in /sys/kernel/debug/irq, in messages of mismatching flags, by plug-ins.

/** `names` with their bits: the first has bit `from`, each the next one; - is a bit that nobody has. */
function bits(from: number, names: string): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [at, name] of names.split(' ').entries()) if (name !== '-') numbers[name] = 2 ** (from + at);
  return numbers;
}

test('state of a line (include/linux/irq.h IRQD_*)', () => {
  expect(irq.irqd).toEqual({
    TRIGGER_MASK: 15,
    ...bits(
      8,
      'SETAFFINITY_PENDING ACTIVATED NO_BALANCING PER_CPU AFFINITY_SET LEVEL WAKEUP_STATE MOVE_PCNTXT',
    ),
    ...bits(16, 'IRQ_DISABLED IRQ_MASKED IRQ_INPROGRESS WAKEUP_ARMED FORWARDED_TO_VCPU AFFINITY_MANAGED'),
    ...bits(22, 'IRQ_STARTED MANAGED_SHUTDOWN SINGLE_TARGET DEFAULT_TRIGGER_SET CAN_RESERVE'),
    ...bits(27, 'HANDLE_ENFORCE_IRQCTX AFFINITY_ON_ACTIVATE IRQ_ENABLED_ON_SUSPEND RESEND_WHEN_IN_PROGRESS'),
  });
});

test('settings of a line (include/linux/irq.h IRQ_*; 7.2 has no IRQ_MOVE_PCNTXT)', () => {
  expect(irq.irqStatus).toEqual({
    TYPE_SENSE_MASK: 15,
    ...bits(8, 'LEVEL PER_CPU NOPROBE NOREQUEST NOAUTOEN NO_BALANCING MOVE_PCNTXT NESTED_THREAD NOTHREAD'),
    ...bits(17, 'PER_CPU_DEVID IS_POLLED DISABLE_UNLAZY HIDDEN NO_DEBUG'),
  });
});

test('the core’s own state (kernel/irq/internals.h IRQS_*)', () => {
  expect(irq.irqs).toEqual(
    bits(
      0,
      'AUTODETECT SPURIOUS_DISABLED - POLL_INPROGRESS - ONESHOT REPLAY WAITING - PENDING - SUSPENDED TIMINGS NMI SYSFS',
    ),
  );
});

test('flags of chips (include/linux/irq.h IRQCHIP_*)', () => {
  expect(irq.irqchipFlags).toEqual(
    bits(
      0,
      'SET_TYPE_MASKED EOI_IF_HANDLED MASK_ON_SUSPEND ONOFFLINE_ENABLED SKIP_SET_WAKE ONESHOT_SAFE EOI_THREADED SUPPORTS_LEVEL_MSI SUPPORTS_NMI ENABLE_WAKEUP_ON_SUSPEND AFFINITY_PRE_STARTUP IMMUTABLE MOVE_DEFERRED',
    ),
  );
});

test('flags of domains (include/linux/irqdomain.h IRQ_DOMAIN_FLAG_*)', () => {
  expect(irqDomainFlags).toEqual(
    bits(
      0,
      'HIERARCHY NAME_ALLOCATED IPI_PER_CPU IPI_SINGLE MSI ISOLATED_MSI NO_MAP - MSI_PARENT MSI_DEVICE',
    ),
  );
});

test('flags of requests (include/linux/interrupt.h IRQF_*)', () => {
  const flags = Object.fromEntries(
    Object.entries(irq).filter(([name, value]) => name.startsWith('IRQF_') && typeof value === 'number'),
  );
  expect(flags).toEqual({
    ...bits(0, 'IRQF_TRIGGER_RISING IRQF_TRIGGER_FALLING IRQF_TRIGGER_HIGH IRQF_TRIGGER_LOW'),
    IRQF_TRIGGER_MASK: 15,
    ...bits(7, 'IRQF_SHARED IRQF_PROBE_SHARED IRQF_TIMER_ONLY IRQF_PERCPU IRQF_NOBALANCING IRQF_IRQPOLL'),
    ...bits(13, 'IRQF_ONESHOT IRQF_NO_SUSPEND IRQF_FORCE_RESUME IRQF_NO_THREAD IRQF_EARLY_RESUME'),
    ...bits(18, 'IRQF_COND_SUSPEND IRQF_NO_AUTOEN IRQF_NO_DEBUG IRQF_COND_ONESHOT'),
    IRQF_TIMER: 0x14200,
  });
});
