import { expect, test } from '@jest/globals';
import { parseCapture } from '../../src/capture/capture.js';
import { guestOfLsvmbus } from '../../src/capture/lsvmbus.js';

test('a capture is taken for what it looks like', () => {
  const lsvmbus = parseCapture('VMBUS ID  7: [Heartbeat]\n');
  expect(lsvmbus).toMatchObject({ kind: 'devices', madeUpRelids: false });
  expect(guestOfLsvmbus(lsvmbus.kind === 'devices' ? lsvmbus.devices : [])).toMatchObject({
    cpus: 1,
    devices: [{ driver: 'heartbeat', relid: 7 }],
  });
  const interrupts = parseCapture('           CPU0       \n  8:          1   IO-APIC   8-edge      rtc0\n');
  expect(interrupts.kind).toBe('interrupts');
  expect(parseCapture('/proc/irq/8/smp_affinity_list:0\n').kind).toBe('procIrq');
});
