import { expect, test } from '@jest/globals';
import { irqDomainCreateNomap, irqDomainRemove } from '../../../src/irq/mapping/create-domain.js';
import { Guest } from '../machine.js';

const domains = '/sys/kernel/debug/irq/domains';

test('each irqdomain has a file, as long as it lives', () => {
  const guest = new Guest({ present: 2, kernel: '6.10' });
  guest.map(3);
  guest.map(9);
  expect(guest.tree.readdir(domains)).toEqual(['default', 'vmbus']);
  const [domain] = guest.core.domains;
  expect(guest.read(`${domains}/vmbus`)).toBe(
    `name:   vmbus\n size:   ${domain.revmapSize}\n mapped: 2\n flags:  0x00000002\n`,
  );
  const direct = irqDomainCreateNomap(guest.core, { name: 'direct', ops: {}, maxIrq: 64 });
  expect(guest.read(`${domains}/direct`)).toContain(' flags:  0x00000042\n');
  irqDomainRemove(direct);
  expect(guest.tree.readdir(domains)).toEqual(['default', 'vmbus']);
  expect(guest.read(`${domains}/default`)).toBe('');
});

test('6.11 and newer name the flags (kernel/irq/irqdomain.c irq_domain_debug_show_one)', () => {
  const guest = new Guest({ present: 2, kernel: '6.12' });
  guest.map(3);
  expect(guest.read(`${domains}/vmbus`)).toContain(
    ' flags:  0x00000002\n            IRQ_DOMAIN_NAME_ALLOCATED\n',
  );
});
