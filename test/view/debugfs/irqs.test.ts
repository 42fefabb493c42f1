import { expect, test } from '@jest/globals';
import { irqSetStatusFlags } from '../../../src/irq/management/chip.js';
import { irqd } from '../../../src/irq/data/irqdata.js';
import { irqStatus } from '../../../src/irq/data/settings.js';
import { Guest } from '../machine.js';

test('/sys/kernel/debug/irq/irqs/N shows the state behind a line', () => {
  const guest = new Guest({ present: 4 }, { flags: 1 << 5 });
  const irq = guest.map(475);
  guest.request(irq, 'x');
  const path = `/sys/kernel/debug/irq/irqs/${irq}`;
  const desc = guest.core.desc(irq);
  if (desc) desc.data.state = irqd.ACTIVATED | irqd.IRQ_STARTED | irqd.MOVE_PCNTXT;
  expect(guest.read(path)).toBe(
    'handler:  handle_simple_irq\n' +
      'device:   (null)\n' +
      'status:   0x00004000\n' +
      'istate:   0x00004000\n' +
      'ddepth:   0\n' +
      'wdepth:   0\n' +
      'dstate:   0x00408200\n' +
      '            IRQD_ACTIVATED\n' +
      '            IRQD_IRQ_STARTED\n' +
      '            IRQD_MOVE_PCNTXT\n' +
      'node:     -1\n' +
      'affinity: 0-3\n' +
      'effectiv: 0\n' +
      'pending:  \n' +
      'domain:  vmbus\n' +
      ' hwirq:   0x1db\n' +
      ' chip:    VMBus\n' +
      '  flags:   0x20\n' +
      '             IRQCHIP_ONESHOT_SAFE\n',
  );
  expect(guest.tree.readdir('/sys/kernel/debug/irq/irqs')).toEqual([String(irq)]);
});

// kernel/irq/proc.c irq_proc_update_valid of 7.2: bit 22 while /proc/interrupts has a row; debugfs has no name for it.
test('since 7.2 the status says that a line is shown', () => {
  const guest = new Guest({ present: 1, kernel: '7.2' });
  const irq = guest.map(3);
  const status = (): string | undefined =>
    /status: .*/.exec(guest.read(`/sys/kernel/debug/irq/irqs/${irq}`))?.[0];
  expect(status()).toBe('status:   0x00000000');
  guest.request(irq, 'x');
  expect(status()).toBe('status:   0x00400000');
  irqSetStatusFlags(guest.core, irq, irqStatus.HIDDEN);
  expect(status()).toBe('status:   0x00100000');
});

test('writing "trigger" raises the interrupt, anything else does nothing', () => {
  const guest = new Guest({ present: 2 });
  const irq = guest.map(3);
  guest.request(irq, 'x');
  const path = `/sys/kernel/debug/irq/irqs/${irq}`;
  expect(guest.write(path, 'nothing')).toBe(7);
  expect(guest.core.desc(irq)?.totCount).toBe(0);
  expect(guest.write(path, 'trigger\n')).toBe(8);
  guest.machine.settle();
  expect(guest.core.desc(irq)?.totCount).toBe(1);
});
