import { describe, expect, test } from '@jest/globals';
import {
  handleSimpleIrq,
  type IrqChip,
  type IrqData,
  type IrqDomain,
  type IrqDomainOps,
  irqChipEnableParent,
  irqChipGetParentState,
  irqChipRetriggerHierarchy,
  irqChipSetAffinityParent,
  irqChipSetParentState,
  irqChipSetTypeParent,
  irqChipSetWakeParent,
  irqChipShutdownParent,
  irqChipStartupParent,
  irqCreateFwspecMapping,
  irqDomainAllocIrqs,
  irqDomainAllocIrqsParent,
  irqDomainCreateHierarchy,
  irqDomainCreateLinear,
  irqDomainDisconnectHierarchy,
  irqDomainFreeIrqs,
  irqDomainFreeIrqsCommon,
  irqDomainGetIrqData,
  irqDomainPopIrq,
  irqDomainPushIrq,
  irqDomainSetHwirqAndChip,
  irqDomainSetInfo,
  irqDisposeMapping,
  irqFindMapping,
  irqFindMatchingFwspec,
  irqGetIrqchipState,
  irqSetIrqchipState,
  irqSetIrqType,
  irqchipFlags,
  IRQCHIP_STATE_PENDING,
} from '../../../src/irq/index.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { Lab } from '../lab.js';

// What no recording shows, read in kernel/irq/irqdomain.c and kernel/irq/chip.c of 6.1, 6.12 and 7.2.

const EINVAL = -22;
const EBUSY = -16;
const ENOSYS = -38;
const ENOENT = -2;

const chipNamed = (name: string, more: Partial<IrqChip> = {}): IrqChip => ({
  name,
  irqMask: () => {},
  irqUnmask: () => {},
  ...more,
});

/** A domain whose lines have `chip`, and whose parents' lines are `off` further. */
function level(
  lab: Lab,
  name: string,
  parent: IrqDomain | null,
  chip: IrqChip,
  more: IrqDomainOps = {},
): IrqDomain {
  return irqDomainCreateHierarchy(lab.core, {
    name,
    size: 64,
    parent,
    fwnode: {},
    ops: {
      alloc(domain, irq, count, arg) {
        const ret = domain.parent === null ? 0 : irqDomainAllocIrqsParent(domain, irq, count, arg);
        if (ret < 0) return ret;
        for (let i = 0; i < count; i++) {
          const info = { hwirq: (arg as number) + i, chip };
          if (parent === null)
            irqDomainSetInfo(domain, irq + i, { ...info, handler: handleSimpleIrq, handlerName: null });
          else irqDomainSetHwirqAndChip(domain, irq + i, info);
        }
        return 0;
      },
      free: irqDomainFreeIrqsCommon,
      ...more,
    },
  });
}

describe('a hierarchy', () => {
  test('finds a line in each of its domains, and forgets it in all (irq_domain_insert_irq, irq_domain_remove_irq)', () => {
    const lab = new Lab();
    const root = level(lab, 'root', null, chipNamed('ROOT'));
    const leaf = level(lab, 'leaf', root, chipNamed('LEAF'));
    expect(irqDomainAllocIrqs(leaf, 2, 5)).toBe(24);
    expect([irqFindMapping(leaf, 6), irqFindMapping(root, 6), leaf.mapcount, root.mapcount]).toEqual([
      25, 25, 2, 2,
    ]);
    expect(irqDomainGetIrqData(root, 24)?.chip.name).toBe('ROOT');
    irqDisposeMapping(lab.core, 24);
    expect([irqFindMapping(leaf, 5), irqFindMapping(root, 5), leaf.mapcount, root.mapcount]).toEqual([
      0, 0, 1, 1,
    ]);
    expect(lab.core.desc(24)).toBeUndefined();
  });

  test('one mutex serves all of it (domain->root->mutex)', () => {
    const lab = new Lab();
    const root = level(lab, 'root', null, chipNamed('ROOT'));
    const leaf = level(lab, 'leaf', level(lab, 'mid', root, chipNamed('MID')), chipNamed('LEAF'));
    expect(leaf.mutex).toBe(root.mutex);
  });

  test('loses the levels that a line has no use for, and says so (irq_domain_trim_hierarchy)', () => {
    const lab = new Lab();
    const root = level(lab, 'root', null, chipNamed('ROOT'));
    const mid = level(lab, 'mid', root, chipNamed('MID'));
    const leaf = level(lab, 'leaf', mid, chipNamed('LEAF'), {
      alloc(domain, irq, _count, arg) {
        irqDomainSetHwirqAndChip(domain, irq, { hwirq: arg as number, chip: chipNamed('LEAF') });
        return irqDomainDisconnectHierarchy(mid, irq);
      },
    });
    expect(irqDomainAllocIrqs(leaf, 1, 3)).toBe(24);
    expect(lab.log).toEqual(['irq: IRQ24: trimming hierarchy from mid']);
    expect(lab.desc(24).data.parentData).toBeNull();
    expect([irqFindMapping(leaf, 3), root.mapcount, mid.mapcount]).toEqual([24, 0, 0]);
    expect(irqDomainDisconnectHierarchy(root, 24)).toBe(EINVAL);
  });

  test.each<['6.12' | '7.2', number[]]>([
    ['6.12', [24]],
    ['7.2', []],
  ])('with a level that got no chip is refused; %s gives back what was allocated: %j', (kernel, freed) => {
    const lab = new Lab({ kernel });
    const root = level(lab, 'root', null, chipNamed('ROOT'));
    const seen: number[] = [];
    const leaf = level(lab, 'leaf', root, chipNamed('LEAF'), {
      alloc(domain, irq, _count, arg) {
        return irqDomainSetHwirqAndChip(domain, irq, { hwirq: arg as number, chip: chipNamed('LEAF') });
      },
      free: (_domain, irq) => void seen.push(irq),
    });
    expect(irqDomainAllocIrqs(leaf, 1, 3)).toBe(EINVAL);
    expect(seen).toEqual(freed);
    expect(lab.core.desc(24)).toBeUndefined();
  });

  test('with a chip behind the mark is refused (a valid chip cannot follow a trim marker)', () => {
    const lab = new Lab();
    const root = level(lab, 'root', null, chipNamed('ROOT'));
    const mid = level(lab, 'mid', root, chipNamed('MID'));
    const leaf = level(lab, 'leaf', mid, chipNamed('LEAF'), {
      alloc(domain, irq, count, arg) {
        irqDomainAllocIrqsParent(domain, irq, count, arg);
        irqDomainSetHwirqAndChip(domain, irq, { hwirq: 1, chip: chipNamed('LEAF') });
        return irqDomainDisconnectHierarchy(mid, irq);
      },
    });
    expect(irqDomainAllocIrqs(leaf, 1, 3)).toBe(EINVAL);
  });

  test('over a domain that is none cannot allocate (ENOSYS), and free of a line without says so', () => {
    const lab = new Lab();
    const flat = irqDomainCreateLinear(lab.core, { name: 'flat', size: 8, ops: {} });
    const leaf = level(lab, 'leaf', flat, chipNamed('LEAF'));
    expect(irqDomainAllocIrqs(leaf, 1, 3)).toBe(ENOSYS);
    lab.line();
    irqDomainFreeIrqs(lab.core, 24, 1);
    expect(lab.log).toEqual([
      'NULL pointer, cannot free irq',
      'WARNING: at kernel/irq/irqdomain.c irq_domain_free_irqs',
    ]);
    expect(irqDomainSetHwirqAndChip(leaf, 24, { hwirq: 1, chip: null })).toBe(ENOENT);
  });

  test('gets a domain on top of a line that is there, and loses it again (irq_domain_push_irq, irq_domain_pop_irq)', () => {
    const lab = new Lab();
    const root = level(lab, 'root', null, chipNamed('ROOT'));
    const irq = irqDomainAllocIrqs(root, 1, 7);
    const top = level(lab, 'top', root, chipNamed('TOP'), {
      alloc: (domain, virq) => irqDomainSetHwirqAndChip(domain, virq, { hwirq: 40, chip: chipNamed('TOP') }),
    });
    const stranger = level(lab, 'stranger', null, chipNamed('S'));
    expect(irqDomainPushIrq(stranger, irq, 7)).toBe(EINVAL);
    expect(irqDomainPushIrq(top, 99, 7)).toBe(EINVAL);
    expect(irqDomainPushIrq(top, irq, 7)).toBe(0);
    const { data } = lab.desc(irq);
    expect([data.domain, data.hwirq, data.chip.name, data.parentData?.hwirq]).toEqual([top, 40, 'TOP', 7]);
    // The number of mappings is not counted here.
    expect([irqFindMapping(top, 40), irqFindMapping(root, 7), top.mapcount]).toEqual([irq, irq, 0]);
    expect(irqDomainPopIrq(root, irq)).toBe(EINVAL);
    expect(lab.log).toEqual(['WARNING: at kernel/irq/irqdomain.c irq_domain_pop_irq']);
    expect(irqDomainPopIrq(top, irq)).toBe(0);
    expect([data.domain, data.hwirq, data.chip.name, data.parentData]).toEqual([root, 7, 'ROOT', null]);
    expect([irqFindMapping(top, 40), irqFindMapping(root, 7)]).toEqual([0, irq]);
  });

  test('of a line in use stays as it is (EBUSY and a warning)', () => {
    const lab = new Lab();
    const root = level(lab, 'root', null, chipNamed('ROOT'));
    const irq = irqDomainAllocIrqs(root, 1, 7);
    lab.request(lab.desc(irq));
    expect(irqDomainPushIrq(level(lab, 'top', root, chipNamed('TOP')), irq, 7)).toBe(EBUSY);
    expect(lab.log).toEqual(['WARNING: at kernel/irq/irqdomain.c irq_domain_push_irq']);
  });
});

describe('a firmware’s description', () => {
  test('finds the newest domain of its node, by bus where one is asked for (irq_find_matching_fwspec)', () => {
    const lab = new Lab();
    const fwnode = {};
    const make = (name: string, busToken: string, ops: IrqDomainOps = {}) =>
      irqDomainCreateLinear(lab.core, { name, size: 8, ops, fwnode, busToken });
    const wired = make('wired', 'wired');
    const msi = make('msi', 'msi');
    const spec = { fwnode, param: [1] };
    expect(irqFindMatchingFwspec(lab.core, spec, 'any')).toBe(msi);
    expect(irqFindMatchingFwspec(lab.core, spec, 'wired')).toBe(wired);
    expect(irqFindMatchingFwspec(lab.core, spec, 'ipi')).toBeUndefined();
    const chosen = make('chosen', 'any', { select: (_domain, _spec, token) => token === 'ipi' });
    expect(irqFindMatchingFwspec(lab.core, spec, 'ipi')).toBe(chosen);
    expect(irqFindMatchingFwspec(lab.core, { fwnode: {}, param: [1] }, 'any')).toBeUndefined();
  });

  test('of a line that is mapped must have its type, or none (irq_create_fwspec_mapping)', () => {
    const lab = new Lab();
    const fwnode = {};
    const translate: IrqDomainOps['translate'] = (_domain, { param }) => ({
      hwirq: param[0],
      type: param[1],
    });
    irqDomainCreateLinear(lab.core, { name: 'gpio', size: 8, ops: { translate }, fwnode });
    const map = (hwirq: number, type: number) =>
      irqCreateFwspecMapping(lab.core, { fwnode, param: [hwirq, type] });
    expect(map(3, 0)).toBe(24);
    expect(map(3, 1)).toBe(24);
    expect(lab.desc(24).data.triggerType).toBe(1);
    expect(map(3, 0)).toBe(24);
    expect(map(3, 4)).toBe(0);
    expect(lab.log).toEqual(['irq: type mismatch, failed to map hwirq-3 for <no-node>!']);
    expect(irqCreateFwspecMapping(lab.core, { fwnode: null, param: [3] })).toBe(0);
    expect(lab.log.at(-1)).toBe('irq: no irq domain found for <no-node> !');
  });

  test('with a type that is none is warned of, and the rest of it is taken', () => {
    const lab = new Lab();
    const fwnode = {};
    irqDomainCreateLinear(lab.core, {
      name: 'odd',
      size: 8,
      ops: { translate: () => ({ hwirq: 2, type: 0x14 }) },
      fwnode,
    });
    expect(irqCreateFwspecMapping(lab.core, { fwnode, param: [] })).toBe(24);
    expect(lab.desc(24).data.triggerType).toBe(4);
    expect(lab.log).toEqual(['WARNING: at kernel/irq/irqdomain.c irq_create_fwspec_mapping']);
  });
});

describe('a chip over another', () => {
  /** A line of two levels; the root's chip is `parent`. */
  function twoLevels(parent: Partial<IrqChip>): { lab: Lab; leaf: IrqData } {
    const lab = new Lab();
    const root = level(lab, 'root', null, { name: 'ROOT', ...parent });
    const top = level(lab, 'leaf', root, chipNamed('LEAF', { irqSetType: irqChipSetTypeParent }));
    return { lab, leaf: lab.desc(irqDomainAllocIrqs(top, 1, 1)).data };
  }

  test('starts and stops by what its parent has (irq_chip_startup_parent and the like)', () => {
    const calls: string[] = [];
    const note = (call: string) => () => void calls.push(call);
    const { leaf } = twoLevels({ irqUnmask: note('unmask'), irqMask: note('mask') });
    irqChipStartupParent(leaf);
    irqChipShutdownParent(leaf);
    const { leaf: other } = twoLevels({
      irqEnable: note('enable'),
      irqDisable: note('disable'),
      irqStartup: () => calls.push('startup'),
      irqShutdown: note('shutdown'),
    });
    irqChipStartupParent(other);
    irqChipEnableParent(other);
    irqChipShutdownParent(other);
    expect(calls).toEqual(['unmask', 'mask', 'startup', 'enable', 'shutdown']);
  });

  test('answers ENOSYS where its parent has no such callback, but for what is optional', () => {
    const { lab, leaf } = twoLevels({});
    expect(irqChipSetTypeParent(leaf, 1)).toBe(ENOSYS);
    expect(irqChipSetWakeParent(leaf, true)).toBe(ENOSYS);
    expect(irqChipSetAffinityParent(leaf, CpuMask.of(4, [1]), false)).toBe(ENOSYS);
    expect(irqChipRetriggerHierarchy(leaf)).toBe(0);
    expect([irqChipSetParentState(leaf, 0, true), irqChipGetParentState(leaf, 0)]).toEqual([0, false]);
    expect(irqSetIrqType(lab.core, leaf.irq, 1)).toBe(ENOSYS);
    const { leaf: quiet } = twoLevels({ flags: irqchipFlags.SKIP_SET_WAKE });
    expect(irqChipSetWakeParent(quiet, true)).toBe(0);
  });

  test('has its line sent again, and its state kept, by the first below that can (irq_set_irqchip_state)', () => {
    let pending = false;
    const { lab, leaf } = twoLevels({
      irqRetrigger: () => 1,
      irqSetIrqchipState: (_d, _which, state) => {
        pending = state;
        return 0;
      },
      irqGetIrqchipState: () => pending,
    });
    expect(irqChipRetriggerHierarchy(leaf)).toBe(1);
    expect(irqSetIrqchipState(lab.core, leaf.irq, IRQCHIP_STATE_PENDING, true)).toBe(0);
    expect(irqGetIrqchipState(lab.core, leaf.irq, IRQCHIP_STATE_PENDING)).toBe(true);
  });

  test('without a parent is a mistake that the kernel would crash of', () => {
    const lab = new Lab();
    const root = level(lab, 'root', null, chipNamed('ROOT'));
    const { data } = lab.desc(irqDomainAllocIrqs(root, 1, 1));
    expect(() => irqChipEnableParent(data)).toThrow('IRQ 24: root has no parent');
  });
});
