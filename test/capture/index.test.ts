import { expect, test } from '@jest/globals';
import { importCapture } from '../../src/capture/index.js';

test('a capture is taken for what it looks like', () => {
  expect(importCapture('VMBUS ID  7: [Heartbeat]\n')).toMatchObject({
    kind: 'lsvmbus',
    guest: { cpus: 1, devices: [{ driver: 'heartbeat', relid: 7 }] },
  });
  const interrupts = importCapture('           CPU0       \n  8:          1   IO-APIC   8-edge      rtc0\n');
  expect(interrupts.kind).toBe('interrupts');
});
