import { expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { GuestFiles } from '../../src/live/guest-files.js';
import { sleepingWrite } from '../../src/steer/sleeping-write.js';
import { errnoOf } from '../support/errors.js';

const irqbalance = { comm: 'irqbalance', pid: 812 };

function filesOf(guest: Guest): GuestFiles {
  return new GuestFiles({
    get fs() {
      return guest.fs;
    },
    processOf: (pid) => (pid === 44 ? irqbalance : undefined),
    asUser: (work, by) => guest.machine.asUser(work, by),
    sleep: (write, by) => sleepingWrite(guest, { until: () => Promise.resolve() }, write, by),
    waitFor: () => Promise.resolve(),
  });
}

test('the files are those of the kernel that runs', () => {
  const guest = Guest.create({ cpus: 4, devices: [{ driver: 'heartbeat', relid: 7 }] });
  const files = filesOf(guest);
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
  const files = filesOf(guest);
  expect(errnoOf(() => files.sync(path))).toBe(code);
});

/** Who is traced as moving channel 7 by a write to a file, on which CPU, and how. */
test.each([
  ['/proc/irq/24/smp_affinity', '2', 44, 'irqbalance-812     [000] d..1.'],
  ['/proc/irq/24/smp_affinity', '2', 45, 'sh-1000    [000] d..1.'],
  ['/sys/bus/vmbus/devices/CHANNEL/cpu', '1', 44, 'irqbalance-812     [000] d..1.'],
  ['/sys/bus/vmbus/devices/CHANNEL/cpu', '1', 45, 'sh-1000    [000] d..1.'],
])('a write to %s of %s by process %d is that of %s', (path, data, pid, shown) => {
  const guest = Guest.create({ cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }] });
  const trace = guest.trace({ events: ['vmbus_send_modifychannel'] });
  const [, channel] = guest.channel(7).path.split('/sys/bus/vmbus/devices/');
  filesOf(guest).open(path.replace('CHANNEL', channel), 'write').write(data, pid);
  expect(
    trace
      .text()
      .trim()
      .split(/ +\d+\.\d{6}: /)[0],
  ).toBe(shown);
});
