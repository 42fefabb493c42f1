import { expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import type { VmbusDesign } from '../../../src/vmbus/variants/design.js';

/** Row of the channel in /proc/interrupts after an event that the host sent to CPU 1 while the channel moved to CPU 2. */
function rowAfterLateEvent(relidMap: VmbusDesign['relidMap']): number[] {
  const guest = Guest.create({
    cpus: 4,
    devices: [{ driver: 'heartbeat', relid: 7 }],
    design: { relidMap },
    host: { latency: { modifyChannelNs: 1_000_000 } },
  });
  const channel = guest.channel(7);
  channel.setCpu(1);
  guest.run({ ms: 5 });
  const before = [...(guest.irqCore.desc(channel.irq)?.cold.kstat ?? [])];
  channel.setCpu(2);
  guest.host.signal(7);
  const after = [...(guest.irqCore.desc(channel.irq)?.cold.kstat ?? [])];
  return after.map((count, cpu) => count - before[cpu]);
}

test('an event that comes to the old CPU counts there, or with redirection on the new one', () => {
  expect(rowAfterLateEvent('irqdomain')).toEqual([0, 1, 0, 0]);
  expect(rowAfterLateEvent('irqdomain-redirect')).toEqual([0, 0, 1, 0]);
});
