import { describe, expect, test } from '@jest/globals';
import {
  disableNmiNosync,
  disablePercpuNmi,
  enableNmi,
  enablePercpuNmi,
  freeNmi,
  freePercpuNmi,
  genericHandleDomainNmi,
  handleFasteoiIrq,
  handleFasteoiNmi,
  handlePercpuDevidFasteoiNmi,
  handlePercpuDevidIrq,
  IRQ_HANDLED,
  IRQF_NO_AUTOEN,
  IRQF_PERCPU,
  IRQF_SHARED,
  type IrqChip,
  irqchipFlags,
  type IrqDesc,
  irqInjectInterrupt,
  irqs,
  irqSetAffinityNotifier,
  irqSetIrqWake,
  irqSetPercpuDevid,
  irqSetStatusFlags,
  irqStatus,
  irqSupportsNmi,
  type KernelVersion,
  kstatIrqs,
  kstatIrqsCpu,
  preparePercpuNmi,
  requestNmi,
  requestPercpuNmi,
  requestPercpuIrqAffinity,
  requestThreadedIrq,
  teardownPercpuNmi,
} from '../../../src/irq/index.js';
import { Lab } from '../lab.js';
import { irqEvents } from '../../../src/machine/trace-events.js';
import { traceLine } from '../../../src/trace/trace-text.js';
import { Tracer } from '../../../src/trace/tracer.js';

const EINVAL = -22;
const ENOTCONN = -107;
const NMI_FLAGS = IRQF_PERCPU | IRQF_NO_AUTOEN;

/** A line whose chip can deliver NMIs, in a lab of its own. */
function setUp(options: { kernel?: KernelVersion; chip?: Partial<IrqChip> } = {}) {
  const lab = new Lab({ kernel: options.kernel ?? '6.12' });
  const note = (call: string) => (): number => {
    lab.calls.push(call);
    return 0;
  };
  const chip = lab.chip({
    flags: irqchipFlags.SUPPORTS_NMI,
    irqNmiSetup: note('nmi_setup'),
    irqNmiTeardown: note('nmi_teardown'),
    ...options.chip,
  });
  const domain = lab.domain();
  const desc = lab.line({ chip, flow: handleFasteoiIrq, hwirq: 3, domain });
  const handler = (): number => {
    lab.calls.push(`nmi@${lab.machine.thisCpu}${lab.machine.runningCpu.nmi ? '' : ' not in NMI'}`);
    return IRQ_HANDLED;
  };
  const request = (flags = NMI_FLAGS): number =>
    lab.run(requestNmi(lab.core, desc.irq, handler, flags, 'watchdog', 'dev'));
  const fire = (cpu = 0): void => lab.machine.cpu(cpu).raiseNmi(() => void genericHandleDomainNmi(domain, 3));
  return { lab, desc, domain, handler, request, fire };
}

const isNmi = (desc: IrqDesc): boolean => (desc.istate & irqs.NMI) !== 0;

/** From reading kernel/irq/manage.c, chip.c and irqdesc.c of 6.1, 6.12 and 7.2.8; no recording has NMIs. */
describe('requestNmi', () => {
  test('sets the line up, and enableNmi lets it through', () => {
    const { lab, desc, request, fire } = setUp();
    expect([request(), isNmi(desc), desc.cold.depth, lab.take()]).toEqual([0, true, 1, ['nmi_setup']]);
    desc.handleIrq = handleFasteoiNmi;
    enableNmi(lab.core, desc.irq);
    expect([desc.cold.depth, lab.take()]).toEqual([0, ['unmask']]);
    fire(2);
    expect([lab.take(), desc.totCount, kstatIrqsCpu(desc, 2), kstatIrqs(desc)]).toEqual([
      ['nmi@2', 'eoi'],
      0,
      1,
      1,
    ]);
    disableNmiNosync(lab.core, desc.irq);
    expect(lab.run(freeNmi(lab.core, desc.irq))).toBe('watchdog');
    expect([isNmi(desc), desc.action, lab.take()]).toEqual([false, undefined, ['nmi_teardown', 'mask']]);
    expect(lab.log).toEqual([]);
  });

  test('comes while interrupts are off, and within an interrupt', () => {
    const { lab, desc, request, fire } = setUp();
    request();
    desc.handleIrq = handleFasteoiNmi;
    lab.take();
    lab.machine.cpu(1).localIrqDisable();
    fire(1);
    lab.machine.cpu(1).localIrqEnable();
    lab.hardirq(1, () => fire(1));
    expect(lab.take()).toEqual(['nmi@1', 'eoi', 'nmi@1', 'eoi']);
  });

  test.each([
    ['6.1', handleFasteoiNmi],
    ['6.12', handlePercpuDevidFasteoiNmi],
    ['7.2', handlePercpuDevidIrq],
  ] as const)('is traced on Linux %s with interrupts off and the letter of its context', (kernel, flow) => {
    const { lab, desc, request, fire } = setUp({ kernel });
    request();
    desc.handleIrq = flow;
    const tracer = new Tracer(lab.machine, irqEvents, lab.core.behaviour);
    tracer.setEnabled(tracer.events, true);
    fire(1);
    const shown = tracer.records().map((record) =>
      traceLine(record)
        .replace(/ +\d+\.\d{6}:/, '')
        .trim(),
    );
    expect(shown).toEqual([
      `<idle>-0       [001] d.Z1. irq_handler_entry: irq=${desc.irq} name=watchdog`,
      `<idle>-0       [001] d.Z1. irq_handler_exit: irq=${desc.irq} ret=handled`,
    ]);
  });

  test('one that comes within another waits for its end; a third is lost', () => {
    const { lab } = setUp();
    const cpu = lab.machine.cpu(0);
    cpu.raiseNmi(() => {
      cpu.raiseNmi(() => lab.calls.push('second'));
      cpu.raiseNmi(() => lab.calls.push('third'));
      lab.calls.push('first');
    });
    expect([lab.take(), cpu.nmi, cpu.hardirq]).toEqual([['first', 'third'], false, false]);
  });

  test('refuses flags and lines that an NMI cannot have', () => {
    const { lab, desc, request, handler } = setUp();
    expect(request(NMI_FLAGS | IRQF_SHARED)).toBe(EINVAL);
    expect(request(IRQF_NO_AUTOEN)).toBe(EINVAL);
    expect(request(IRQF_PERCPU)).toBe(EINVAL);
    expect(lab.run(requestNmi(lab.core, desc.irq, null, NMI_FLAGS, 'x', 'dev'))).toBe(EINVAL);
    expect(lab.run(requestNmi(lab.core, 99, handler, NMI_FLAGS, 'x', 'dev'))).toBe(EINVAL);
    expect(lab.run(requestNmi(lab.core, 0x80000000, handler, NMI_FLAGS, 'x', 'dev'))).toBe(ENOTCONN);
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.NOAUTOEN);
    expect(request(IRQF_PERCPU)).toBe(0);
  });

  test('refuses a chip that cannot, or that is behind a slow bus', () => {
    const cannot = setUp({ chip: { flags: 0 } });
    expect([irqSupportsNmi(cannot.desc), cannot.request()]).toEqual([false, EINVAL]);
    const slow = setUp({ chip: { irqBusSyncUnlock() {} } });
    expect([irqSupportsNmi(slow.desc), slow.request()]).toEqual([false, EINVAL]);
  });

  test.each<[KernelVersion, string[]]>([
    ['6.12', []],
    ['6.18', ['nmi_teardown']],
  ])('%s: a chip that fails to set it up', (kernel, calls) => {
    const { lab, desc, request } = setUp({ kernel, chip: { irqNmiSetup: () => -5 } });
    expect([request(), isNmi(desc), desc.action]).toEqual([EINVAL, false, undefined]);
    expect(lab.take()).toEqual(calls);
  });

  test('nobody else gets the line', () => {
    const { lab, desc, request, handler } = setUp();
    request();
    const second = requestThreadedIrq(lab.core, desc.irq, handler, null, IRQF_SHARED, 'other', 'other');
    expect(lab.run(second)).toBe(EINVAL);
    expect(lab.log).toEqual([
      `genirq: Invalid attempt to share NMI for other (irq ${desc.irq}) on irqchip test.`,
    ]);
  });

  test('has no affinity notifier, no wake-up, cannot be injected and stays on its CPU', () => {
    const { lab, desc, request } = setUp();
    request();
    enableNmi(lab.core, desc.irq);
    lab.take();
    expect(irqSetAffinityNotifier(lab.core, desc.irq, { notify() {} })).toBe(EINVAL);
    expect(irqSetIrqWake(lab.core, desc.irq, true)).toBe(EINVAL);
    expect(irqInjectInterrupt(lab.core, desc.irq)).toBe(EINVAL);
    expect([lab.take(), desc.status & irqStatus.NO_BALANCING]).toEqual([[], irqStatus.NO_BALANCING]);
  });

  test('freed while it is enabled, or never requested: warned of', () => {
    const { lab, desc, request } = setUp();
    expect(lab.run(freeNmi(lab.core, desc.irq))).toBeNull();
    request();
    enableNmi(lab.core, desc.irq);
    expect(lab.run(freeNmi(lab.core, desc.irq))).toBe('watchdog');
    const warning = 'WARNING: at kernel/irq/manage.c free_nmi';
    expect([lab.log, lab.run(freeNmi(lab.core, 99))]).toEqual([[warning, warning], null]);
  });

  test('handled outside of an NMI: warned of, once', () => {
    const { lab, desc, domain, request } = setUp();
    request();
    desc.handleIrq = handleFasteoiNmi;
    lab.take();
    expect([genericHandleDomainNmi(domain, 3), genericHandleDomainNmi(domain, 4)]).toEqual([0, EINVAL]);
    expect(lab.log).toEqual(['WARNING: at kernel/irq/irqdesc.c generic_handle_domain_nmi']);
  });
});

describe('requestPercpuNmi', () => {
  function percpu(kernel: KernelVersion = '6.12') {
    const of = setUp({ kernel });
    const { lab, desc, handler } = of;
    irqSetPercpuDevid(lab.core, desc.irq);
    desc.handleIrq = kernel === '7.2' ? handlePercpuDevidIrq : handlePercpuDevidFasteoiNmi;
    const requestFor = (cpus: string | undefined, dev: string): number =>
      lab.run(
        requestPercpuNmi(
          lab.core,
          desc.irq,
          () => {
            lab.calls.push(dev);
            return handler();
          },
          dev,
          cpus === undefined ? undefined : lab.cpus(cpus),
          dev,
        ),
      );
    const on = (cpu: number, run: () => void): void => {
      lab.machine.thisCpu = cpu;
      run();
      lab.machine.thisCpu = 0;
    };
    return { ...of, requestFor, on };
  }

  test('each CPU prepares and enables its own, disables and tears it down', () => {
    const { lab, desc, requestFor, on, fire } = percpu();
    expect([requestFor(undefined, 'pmu'), isNmi(desc), lab.take()]).toEqual([0, true, []]);
    on(1, () => {
      expect(preparePercpuNmi(lab.core, desc.irq)).toBe(0);
      enablePercpuNmi(lab.core, desc.irq, 0);
    });
    expect(lab.take()).toEqual(['nmi_setup', 'unmask']);
    fire(1);
    expect([lab.take(), kstatIrqsCpu(desc, 1)]).toEqual([['pmu', 'nmi@1', 'eoi'], 1]);
    on(1, () => {
      disablePercpuNmi(lab.core, desc.irq);
      teardownPercpuNmi(lab.core, desc.irq);
    });
    expect(lab.take()).toEqual(['mask', 'nmi_teardown']);
    lab.run(freePercpuNmi(lab.core, desc.irq, 'pmu'));
    expect([isNmi(desc), desc.action, lab.log]).toEqual([false, undefined, []]);
  });

  test('a line that is no NMI is not prepared, torn down or freed as one', () => {
    const { lab, desc } = percpu();
    expect(preparePercpuNmi(lab.core, desc.irq)).toBe(EINVAL);
    teardownPercpuNmi(lab.core, desc.irq);
    lab.run(freePercpuNmi(lab.core, desc.irq, 'pmu'));
    const at = (func: string) => `WARNING: at kernel/irq/manage.c ${func}`;
    expect(lab.log).toEqual([
      `prepare_percpu_nmi called for a non-NMI interrupt: irq ${desc.irq}`,
      at('prepare_percpu_nmi'),
      at('teardown_percpu_nmi'),
      at('free_percpu_nmi'),
    ]);
  });

  test('a chip that fails to set it up: said, and the line stays an NMI', () => {
    const { lab, desc } = setUp({ chip: { irqNmiSetup: () => -5 } });
    irqSetPercpuDevid(lab.core, desc.irq);
    lab.run(requestPercpuNmi(lab.core, desc.irq, () => IRQ_HANDLED, 'pmu', undefined, 'pmu'));
    expect(preparePercpuNmi(lab.core, desc.irq)).toBe(-5);
    expect([lab.log, isNmi(desc)]).toEqual([[`genirq: Failed to setup NMI delivery: irq ${desc.irq}`], true]);
  });

  test('one requester before 6.19, from then on sharers with CPUs of their own', () => {
    const old = percpu('6.12');
    expect([old.requestFor('0', 'a'), old.requestFor('1', 'b')]).toEqual([0, EINVAL]);
    const { lab, desc, requestFor, fire } = percpu('7.2');
    expect([requestFor('0-1', 'a'), requestFor('2-3', 'b'), requestFor(undefined, 'c')]).toEqual([
      0,
      0,
      EINVAL,
    ]);
    expect(requestFor('3', 'd')).toBe(EINVAL);
    lab.take();
    fire(3);
    expect(lab.take()).toEqual(['ack', 'b', 'nmi@3', 'eoi']);
    lab.run(freePercpuNmi(lab.core, desc.irq, 'a'));
    expect(isNmi(desc)).toBe(true);
    lab.run(freePercpuNmi(lab.core, desc.irq, 'b'));
    expect(isNmi(desc)).toBe(false);
  });

  test('a line that is one already is not requested as an interrupt before 6.19', () => {
    const { lab, desc, requestFor, handler } = percpu('6.12');
    requestFor(undefined, 'pmu');
    const cpus = lab.cpus('0');
    expect(lab.run(requestPercpuIrqAffinity(lab.core, desc.irq, handler, 'x', cpus, 'x'))).toBe(EINVAL);
    expect(lab.log).toEqual([
      `genirq: Invalid attempt to share NMI for x (irq ${desc.irq}) on irqchip test.`,
    ]);
  });

  test('lines that are not per-CPU, that start by themselves or whose chip cannot', () => {
    const { lab, desc, handler } = setUp();
    const request = (): number =>
      lab.run(requestPercpuNmi(lab.core, desc.irq, handler, 'pmu', undefined, 'pmu'));
    expect(request()).toBe(EINVAL);
    irqSetPercpuDevid(lab.core, desc.irq);
    desc.status &= ~irqStatus.NOAUTOEN;
    expect(request()).toBe(EINVAL);
    expect(lab.run(requestPercpuNmi(lab.core, desc.irq, null, 'pmu', undefined, 'pmu'))).toBe(EINVAL);
  });
});
