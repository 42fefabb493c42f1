import { expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { GuestFiles } from '../../src/live/guest-files.js';
import { errnoOf } from '../support/errors.js';

test('the files are those of the kernel that runs', () => {
  const guest = Guest.create({ cpus: 4, devices: [{ driver: 'heartbeat', relid: 7 }] });
  const files = new GuestFiles(
    () => guest.fs,
    () => 0,
    () => Promise.resolve(),
  );
  const online = (): string =>
    Buffer.from(files.open('/sys/devices/system/cpu/online', 'read').bytes()).toString('latin1');
  expect(online()).toBe('0-3\n');
  guest.crash();
  expect(online()).toBe('0\n');
  expect(files.exists('/sys/devices/system/cpu/cpu3')).toBe(false);
});

test.each([
  ['/proc/interrupts', 'EINVAL'],
  ['/proc/irq', 'EINVAL'],
  ['/proc', 'EINVAL'],
  ['/sys/devices/system/cpu/online', undefined],
  ['/sys/devices/system/cpu', 'EINVAL'],
  ['/sys/kernel/debug/irq/irqs', undefined],
  ['/sys/kernel/tracing/tracing_on', 'EINVAL'],
])('fsync of %s: %s', (path, code) => {
  const guest = Guest.create({ cpus: 2, devices: [] });
  const files = new GuestFiles(
    () => guest.fs,
    () => 0,
    () => Promise.resolve(),
  );
  expect(errnoOf(() => files.sync(path))).toBe(code);
});
