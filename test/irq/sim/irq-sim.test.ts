import { describe, expect, test } from '@jest/globals';
import {
  freeIrq,
  IRQ_HANDLED,
  IRQCHIP_STATE_MASKED,
  IRQCHIP_STATE_PENDING,
  type IrqDesc,
  irqCreateMapping,
  irqd,
  irqDisposeMapping,
  irqDomainCreateSim,
  irqDomainRemoveSim,
  irqGetIrqchipState,
  type IrqSimOps,
  irqSetIrqchipState,
  irqSetIrqType,
  irqStatus,
  irqType,
  disableIrqNosync,
  enableIrq,
  requestIrq,
} from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

const EINVAL = -22;
const EBUSY = -16;

function sim(ops: IrqSimOps = {}) {
  const lab = new Lab();
  const domain = irqDomainCreateSim(lab.core, 'sim', 8, ops);
  const line = (hwirq: number): IrqDesc => lab.desc(irqCreateMapping(domain, hwirq));
  const raise = (desc: IrqDesc, state = true): number =>
    irqSetIrqchipState(lab.core, desc.irq, IRQCHIP_STATE_PENDING, state);
  const request = (desc: IrqDesc, then: () => void = () => {}): number =>
    lab.run(
      requestIrq(
        lab.core,
        desc.irq,
        () => {
          lab.calls.push(`${desc.data.hwirq}@${lab.machine.thisCpu}`);
          then();
          return IRQ_HANDLED;
        },
        0,
        'dev',
        'dev',
      ),
    );
  return { lab, domain, line, raise, request };
}

/** From reading kernel/irq/irq_sim.c of 6.1, 6.12 and 7.2.8; no recording has it. */
describe('irq_sim', () => {
  test('a requested line is handled when it is made pending, in hard interrupt context of this CPU', () => {
    const { lab, line, raise, request } = sim();
    const desc = line(3);
    expect([desc.data.chip.name, desc.status & (irqStatus.NOREQUEST | irqStatus.NOPROBE)]).toEqual([
      'irq_sim',
      irqStatus.NOPROBE,
    ]);
    request(desc);
    expect(raise(desc)).toBe(0);
    expect(lab.take()).toEqual(['3@0']);
    expect(desc.totCount).toBe(1);
  });

  test('while interrupts are off it is pending, and can be taken back', () => {
    const { lab, line, raise, request } = sim();
    const desc = line(3);
    const pending = () => irqGetIrqchipState(lab.core, desc.irq, IRQCHIP_STATE_PENDING);
    request(desc);
    lab.machine.runningCpu.localIrqDisable();
    raise(desc);
    expect(pending()).toBe(true);
    raise(desc, false);
    expect(pending()).toBe(false);
    raise(desc);
    raise(desc);
    lab.machine.runningCpu.localIrqEnable();
    expect([lab.take(), pending()]).toEqual([['3@0'], false]);
  });

  test('a line that is not enabled does not become pending', () => {
    const { lab, line, raise } = sim();
    const desc = line(3);
    expect(raise(desc)).toBe(0);
    expect(irqGetIrqchipState(lab.core, desc.irq, IRQCHIP_STATE_PENDING)).toBe(false);
  });

  test('a line that is disabled is masked with the next interrupt, which is sent again when it is enabled', () => {
    const { lab, line, raise, request } = sim();
    const desc = line(3);
    request(desc);
    disableIrqNosync(lab.core, desc.irq);
    raise(desc);
    expect([lab.take(), desc.data.has(irqd.IRQ_MASKED)]).toEqual([[], false]);
    enableIrq(lab.core, desc.irq);
    lab.machine.settle();
    expect(lab.take()).toEqual(['3@0']);
  });

  test('several lines run by number, also those that a handler raises behind it', () => {
    const { lab, line, raise, request } = sim();
    const [first, second, third] = [line(1), line(4), line(6)];
    request(first, () => raise(third));
    request(second);
    request(third);
    lab.machine.runningCpu.localIrqDisable();
    raise(second);
    raise(first);
    lab.machine.runningCpu.localIrqEnable();
    expect(lab.take()).toEqual(['1@0', '4@0', '6@0']);
  });

  test('a handler that raises a line with a lower number has Linux spin', () => {
    const { line, raise, request } = sim();
    const [first, second] = [line(1), line(4)];
    request(first);
    request(second, () => raise(first));
    expect(() => raise(second)).toThrow(/hwirq 1 was raised while 4 was handled/);
  });

  test('edges only', () => {
    const { lab, line } = sim();
    const { irq, data } = line(3);
    expect(irqSetIrqType(lab.core, irq, irqType.EDGE_BOTH)).toBe(0);
    expect(data.triggerType).toBe(irqType.EDGE_BOTH);
    expect(irqSetIrqType(lab.core, irq, irqType.LEVEL_HIGH)).toBe(EINVAL);
    expect(lab.log).toEqual([`genirq: Setting trigger mode 4 for irq ${irq} failed (irq_sim_set_type)`]);
    expect(data.triggerType).toBe(irqType.EDGE_BOTH);
  });

  test('other states it does not know', () => {
    const { lab, line } = sim();
    const { irq } = line(3);
    expect(irqGetIrqchipState(lab.core, irq, IRQCHIP_STATE_MASKED)).toBe(EINVAL);
    expect(irqSetIrqchipState(lab.core, irq, IRQCHIP_STATE_MASKED, true)).toBe(EINVAL);
  });

  test('its owner hears of requests and may refuse them', () => {
    const calls: string[] = [];
    const { lab, line, request } = sim({
      irqRequested: (domain, hwirq) => {
        calls.push(`${domain.name} requested ${hwirq}`);
        return hwirq === 5 ? EBUSY : 0;
      },
      irqReleased: (_domain, hwirq) => calls.push(`released ${hwirq}`),
    });
    const desc = line(3);
    expect(request(desc)).toBe(0);
    lab.run(freeIrq(lab.core, desc.irq, 'dev'));
    expect(request(line(5))).toBe(EBUSY);
    expect(calls).toEqual(['sim requested 3', 'released 3', 'sim requested 5']);
  });

  test('the domain goes when its mappings are disposed', () => {
    const { lab, domain, line } = sim();
    const desc = line(3);
    irqDisposeMapping(lab.core, desc.irq);
    expect(desc.data.chipData).toBeNull();
    lab.run(irqDomainRemoveSim(domain));
    expect(lab.core.domains).not.toContain(domain);
    expect(() => irqDomainRemoveSim(lab.domain())).toThrow(TypeError);
  });
});
