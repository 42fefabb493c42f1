import { describe, expect, test } from '@jest/globals';
import {
  allocDescs,
  freeIrq,
  genericHandleDomainIrq,
  irqCreateDirectMapping,
  irqCreateMapping,
  irqd,
  irqDisposeMapping,
  irqDomainAssociate,
  irqDomainCreateNomap,
  irqDomainCreateTree,
  irqDomainRemove,
  irqFindMapping,
  irqResolveMapping,
} from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

const EINVAL = -22;

describe('a linear domain', () => {
  test('maps, finds, and maps only once', () => {
    const lab = new Lab();
    const domain = lab.domain();
    const irq = irqCreateMapping(domain, 5);
    expect(irq).toBe(24);
    expect(irqCreateMapping(domain, 5)).toBe(24);
    expect(irqFindMapping(domain, 5)).toBe(24);
    expect(irqResolveMapping(domain, 5)).toBe(lab.desc(24));
    expect(irqFindMapping(domain, 6)).toBe(0);
    expect(irqResolveMapping(domain, 1_000_000)).toBeUndefined();
    expect(domain.mapcount).toBe(1);
  });

  test('disposes a mapping, and the number can be used again', () => {
    const lab = new Lab();
    const unmapped: number[] = [];
    const domain = lab.domain({ unmap: (_domain, irq) => void unmapped.push(irq) });
    irqCreateMapping(domain, 5);
    irqDisposeMapping(lab.core, 24);
    expect(unmapped).toEqual([24]);
    expect(lab.core.desc(24)).toBeUndefined();
    expect(irqFindMapping(domain, 5)).toBe(0);
    expect(domain.mapcount).toBe(0);
    expect(irqCreateMapping(domain, 9)).toBe(24);
  });

  test('refuses a hwirq out of range with the kernel’s words', () => {
    const lab = new Lab();
    expect(irqCreateMapping(lab.domain({}, 16), 16)).toBe(0);
    expect(lab.log).toEqual([
      'error: hwirq 0x10 is too large for lab',
      'WARNING: at kernel/irq/irqdomain.c irq_domain_associate_locked',
    ]);
    expect([...lab.core.descs()]).toEqual([]);
  });

  test('a failing map leaves nothing behind; EPERM is silent', () => {
    const lab = new Lab();
    expect(irqCreateMapping(lab.domain({ map: () => EINVAL }), 3)).toBe(0);
    expect(lab.log).toEqual(["irq: lab didn't like hwirq-0x3 to VIRQ24 mapping (rc=-22)"]);
    expect(irqCreateMapping(lab.domain({ map: () => -1 }), 3)).toBe(0);
    expect(lab.log).toHaveLength(1);
    expect([...lab.core.descs()]).toEqual([]);
  });

  test('an empty affinity mask makes the mapping fail', () => {
    const lab = new Lab();
    expect(irqCreateMapping(lab.domain(), 3, { mask: lab.cpus(''), managed: false })).toBe(0);
  });
});

test('a tree domain takes any hwirq', () => {
  const lab = new Lab();
  const domain = irqDomainCreateTree(lab.core, { name: 'tree', ops: {} });
  const irq = irqCreateMapping(domain, 4_294_967_297);
  expect(irqFindMapping(domain, 4_294_967_297)).toBe(irq);
  expect(irqFindMapping(domain, 1)).toBe(0);
  irqDisposeMapping(lab.core, irq);
  expect(irqFindMapping(domain, 4_294_967_297)).toBe(0);
});

test('a domain without map has hwirq and irq the same', () => {
  const lab = new Lab();
  const domain = irqDomainCreateNomap(lab.core, { name: 'nomap', ops: {}, maxIrq: 40 });
  const irq = allocDescs(lab.core, 30, 30, 1);
  expect(irqFindMapping(domain, 30)).toBe(0);
  expect(irqDomainAssociate(domain, irq, 30)).toBe(0);
  expect(irqFindMapping(domain, 30)).toBe(30);
  expect(irqFindMapping(domain, 41)).toBe(0);
});

// kernel/irq/irqdomain.c __irq_resolve_mapping: the line with that number must have that hwirq, too.
test('a no-map domain finds a line only by its own number', () => {
  const lab = new Lab();
  const domain = irqDomainCreateNomap(lab.core, { name: 'direct', ops: {}, maxIrq: 64 });
  const irq = allocDescs(lab.core, 30, 30, 1);
  expect(irqDomainAssociate(domain, irq, 31)).toBe(0);
  expect([irqFindMapping(domain, 30), irqFindMapping(domain, 31)]).toEqual([0, 0]);
});

// kernel/irq/irqdomain.c irq_create_direct_mapping.
test('a direct mapping: the controller takes the number that Linux has', () => {
  const lab = new Lab();
  const domain = irqDomainCreateNomap(lab.core, { name: 'direct', ops: {}, maxIrq: 26 });
  const created = [1, 2, 3].map(() => irqCreateDirectMapping(domain));
  expect(created).toEqual([24, 25, 0]);
  expect([24, 25].map((hwirq) => irqFindMapping(domain, hwirq))).toEqual([24, 25]);
  expect(lab.log).toEqual(['irq: ERROR: no free irqs available below 26 maximum']);
  expect(lab.core.desc(26)).toBeUndefined();
  const refusing = irqDomainCreateNomap(lab.core, { name: 'no', ops: { map: () => EINVAL }, maxIrq: 64 });
  expect([irqCreateDirectMapping(refusing), lab.core.desc(26)]).toEqual([0, undefined]);
});

test('associate refuses what is not allocated or taken', () => {
  const lab = new Lab();
  const domain = lab.domain();
  expect(irqDomainAssociate(domain, 24, 1)).toBe(EINVAL);
  irqCreateMapping(domain, 1);
  expect(irqDomainAssociate(domain, 24, 2)).toBe(EINVAL);
  const warning = 'WARNING: at kernel/irq/irqdomain.c irq_domain_associate_locked';
  expect(lab.log).toEqual([
    'error: virq24 is not allocated',
    warning,
    'error: virq24 is already associated',
    warning,
  ]);
});

test('dispose of a descriptor without domain warns; of none does nothing', () => {
  const lab = new Lab();
  irqDisposeMapping(lab.core, 24);
  irqDisposeMapping(lab.core, 0);
  expect(lab.log).toEqual([]);
  irqDisposeMapping(lab.core, allocDescs(lab.core, -1, 0, 1));
  expect(lab.log).toEqual(['WARNING: at kernel/irq/irqdomain.c irq_dispose_mapping']);
});

// kernel/irq/irqdomain.c irq_domain_remove: only radix_tree_empty is asked.
test('removing a domain that still has mappings in its tree warns', () => {
  const lab = new Lab();
  const domain = lab.domain();
  irqDomainRemove(domain);
  expect(lab.log).toEqual([]);
  const linear = lab.domain();
  irqCreateMapping(linear, 1);
  irqDomainRemove(linear);
  expect(lab.log).toEqual([]);
  const tree = irqDomainCreateTree(lab.core, { name: 'tree', ops: {} });
  irqCreateMapping(tree, 1);
  irqDomainRemove(tree);
  expect(lab.log).toEqual(['WARNING: at kernel/irq/irqdomain.c irq_domain_remove']);
});

describe('activation', () => {
  test('happens with the first request and is taken back with the last free', () => {
    const lab = new Lab();
    const seen: string[] = [];
    const domain = lab.domain({
      activate: () => {
        seen.push('activate');
        return 0;
      },
      deactivate: () => void seen.push('deactivate'),
    });
    const desc = lab.line({ domain });
    expect(lab.request(desc)).toBe(0);
    lab.run(freeIrq(lab.core, desc.irq, 'dev'));
    expect(seen).toEqual(['activate', 'deactivate']);
  });

  test('a failure makes the request fail', () => {
    const lab = new Lab();
    const desc = lab.line({ domain: lab.domain({ activate: () => -28 }) });
    expect(lab.request(desc)).toBe(-28);
    expect(desc.action).toBeUndefined();
    expect(desc.data.has(irqd.ACTIVATED)).toBe(false);
  });

  test('a managed line that cannot be activated stays shut down', () => {
    const lab = new Lab();
    const affinity = { mask: lab.cpus('1'), managed: true };
    const desc = lab.line({ domain: lab.domain({ activate: () => -28 }), affinity });
    expect(lab.request(desc)).toBe(0);
    expect(desc.data.has(irqd.MANAGED_SHUTDOWN)).toBe(true);
    expect(lab.log).toEqual(['WARNING: at kernel/irq/chip.c irq_startup']);
  });
});

test('an interrupt of a hwirq that is not mapped is refused', () => {
  const lab = new Lab();
  expect(genericHandleDomainIrq(lab.domain(), 3)).toBe(EINVAL);
});
