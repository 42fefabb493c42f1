import { describe, expect, test } from '@jest/globals';
import {
  handleSimpleIrq,
  type IrqDomain,
  irqd,
  irqDomainAllocIrqs,
  irqDomainAllocIrqsParent,
  irqDomainCreateHierarchy,
  irqDomainFreeIrqsCommon,
  irqDomainSetHwirqAndChip,
  irqDomainSetInfo,
} from '../../../src/irq/index.js';
import { irqDomainActivateIrq, irqDomainDeactivateIrq } from '../../../src/irq/line/activate.js';
import { Lab } from '../lab.js';

const ENOSPC = -28;

/** A line of three levels that write down when they are made ready; `refuser` is not. */
function threeLevels(lab: Lab, refuser?: string): { line: number } {
  const level = (name: string, parent: IrqDomain | null): IrqDomain =>
    irqDomainCreateHierarchy(lab.core, {
      name,
      size: 8,
      parent,
      fwnode: {},
      ops: {
        alloc(domain, irq, count, arg) {
          const chip = lab.chip({ name });
          if (domain.parent !== null) irqDomainAllocIrqsParent(domain, irq, count, arg);
          const info = { hwirq: 1, chip };
          if (domain.parent === null)
            irqDomainSetInfo(domain, irq, { ...info, handler: handleSimpleIrq, handlerName: null });
          else irqDomainSetHwirqAndChip(domain, irq, info);
          return 0;
        },
        free: irqDomainFreeIrqsCommon,
        activate(_domain, _d, reserve) {
          lab.calls.push(`${reserve ? 'reserve' : 'activate'} ${name}`);
          return name === refuser ? ENOSPC : 0;
        },
        deactivate: () => void lab.calls.push(`deactivate ${name}`),
      },
    });
  const leaf = level('leaf', level('mid', level('root', null)));
  const line = irqDomainAllocIrqs(leaf, 1, 0);
  lab.take();
  return { line };
}

// kernel/irq/irqdomain.c __irq_domain_activate_irq: the parent first, and undone if the child refuses.
describe('a line’s levels', () => {
  test.each([false, true])(
    'are made ready from the CPU outwards, once, and given back inwards (%s)',
    (reserve) => {
      const lab = new Lab();
      const { data } = lab.desc(threeLevels(lab).line);
      const word = reserve ? 'reserve' : 'activate';
      expect(irqDomainActivateIrq(data, reserve)).toBe(0);
      expect(data.has(irqd.ACTIVATED)).toBe(true);
      expect(irqDomainActivateIrq(data, reserve)).toBe(0);
      expect(lab.take()).toEqual([`${word} root`, `${word} mid`, `${word} leaf`]);
      irqDomainDeactivateIrq(data);
      irqDomainDeactivateIrq(data);
      expect(lab.take()).toEqual(['deactivate leaf', 'deactivate mid', 'deactivate root']);
      expect(data.has(irqd.ACTIVATED)).toBe(false);
    },
  );

  test.each([
    ['root', ['activate root']],
    ['mid', ['activate root', 'activate mid', 'deactivate root']],
    ['leaf', ['activate root', 'activate mid', 'activate leaf', 'deactivate mid', 'deactivate root']],
  ])('are given back where %s refuses', (refuser, calls) => {
    const lab = new Lab();
    const desc = lab.desc(threeLevels(lab, refuser).line);
    expect(irqDomainActivateIrq(desc.data, false)).toBe(ENOSPC);
    expect(lab.take()).toEqual(calls);
    expect(desc.data.has(irqd.ACTIVATED)).toBe(false);
    // request_irq passes the answer on.
    expect(lab.request(desc)).toBe(ENOSPC);
    expect(desc.action).toBeUndefined();
  });
});
