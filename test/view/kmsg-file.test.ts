import { expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { Clock } from '../../src/machine/clock.js';
import { KernelLog } from '../../src/machine/log.js';
import { kmsgFile } from '../../src/view/kmsg-file.js';
import type { FileStream } from '../../src/view/tree-node.js';
import { errnoOf } from '../support/errors.js';

function opened(cpus = 1): {
  log: KernelLog;
  kmsg: FileStream;
  next: (bytes?: number) => string | undefined;
} {
  const log = new KernelLog(new Clock());
  const kmsg = kmsgFile(log, cpus).openStream?.();
  if (kmsg === undefined) throw new Error('/dev/kmsg is no stream');
  const next = (bytes = 8192): string | undefined => {
    const record = kmsg.read(bytes, 'read');
    return record && Buffer.from(record).toString('latin1');
  };
  return { log, kmsg, next };
}

test('a record a read, with priority, number and microseconds; then nothing until there is one more', () => {
  const { log, kmsg, next } = opened();
  log.printk('first');
  log.warn('kernel/irq/manage.c', 'f', 'text');
  expect(next()).toBe('6,0,0,-;first\n');
  expect(next()).toMatch(/^4,1,0,-;/);
  while (next() !== undefined);
  expect(kmsg.isReady('read')).toBe(false);
  log.printk('back\\slash, tab\t, ü');
  expect(kmsg.isReady('read')).toBe(true);
  expect(next()).toMatch(/;back\\x5cslash, tab\\x09, \\xc3\\xbc\n$/);
});

test('a record that does not fit is gone', () => {
  const { log, next } = opened();
  log.printk('too long for ten bytes');
  log.printk('second');
  expect(errnoOf(() => next(10))).toBe('EINVAL');
  expect(next()).toBe('6,1,0,-;second\n');
});

test('seeks to the first record that is left, to where data begins, and behind the last', () => {
  const { log, kmsg, next } = opened();
  log.printk('a');
  log.printk('b');
  kmsg.seek?.('end');
  expect(next()).toBeUndefined();
  log.printk('c');
  expect(next()).toBe('6,2,0,-;c\n');
  for (const place of ['first', 'data'] as const) {
    kmsg.seek?.(place);
    expect(next()).toBe('6,0,0,-;a\n');
  }
});

test.each([
  [1, 131_072],
  [17, 131_072],
  [18, 262_144],
  [128, 1_048_576],
])(
  'with %i CPUs %i bytes are kept; whose next line is overwritten gets EPIPE, then the oldest left',
  (cpus, bytes) => {
    const { log, kmsg, next } = opened(cpus);
    // 991 characters, a zero and an id take 1000 bytes.
    const lines = Math.floor(bytes / 1000) + 5;
    for (let i = 0; i < lines; i++) log.printk(`${i}`.padEnd(991, 'x'));
    expect(errnoOf(next)).toBe('EPIPE');
    const left = Math.floor(bytes / 1000);
    expect(next()).toMatch(new RegExp(`^6,${lines - left},0,-;${lines - left}x`));
    kmsg.seek?.('data');
    expect(errnoOf(next)).toBe('EPIPE');
    kmsg.seek?.('first');
    expect(next()).toMatch(new RegExp(`^6,${lines - left},`));
  },
);

test('short lines are limited by their number', () => {
  const { log, next } = opened();
  for (let i = 0; i < 5000; i++) log.printk('x');
  expect(errnoOf(next)).toBe('EPIPE');
  expect(next()).toMatch(/^6,904,/);
});

test('user space writes lines of its own', () => {
  const { fs, log } = Guest.create({ cpus: 1, devices: [] });
  const before = log.length;
  for (const line of ['plain\n', '<3>urgent', '<0>kernel is nobody else', '<38>daemon', '<x>as it is'])
    expect(fs.writeFile('/dev/kmsg', line)).toBe(line.length);
  expect(
    fs
      .readFile('/dev/kmsg')
      .split('\n')
      .slice(before, -1)
      .map((record) => record.replace(/,\d+,\d+,/, ' ')),
  ).toEqual(['12 -;plain', '11 -;urgent', '8 -;kernel is nobody else', '38 -;daemon', '12 -;<x>as it is']);
  expect(errnoOf(() => fs.writeFile('/dev/kmsg', 'x'.repeat(1025)))).toBe('EINVAL');
});

test('lines have the level that the kernel gives them', () => {
  const vm = Guest.create({
    cpus: 2,
    cmdline: 'irqfixup',
    devices: [
      { driver: 'netvsc', relid: 13, channels: 1 },
      { class: '{00000000-1111-2222-3333-444444444444}', relid: 40 },
    ],
  });
  const levels = (): Map<string, number> => new Map(vm.log.map(({ text, priority }) => [text, priority]));
  expect(levels().get('Misrouted IRQ fixup support enabled.')).toBe(4);
  expect(levels().get('hv_vmbus: registering driver hv_netvsc')).toBe(6);
  vm.machine.die('test');
  expect(levels().get('Kernel panic - not syncing: test')).toBe(0);
});

// What is written comes as bytes, a character each.
test.each([
  ['\xc3\xbcni', '\\xc3\\xbcni'],
  ['\xff and \xc3', '\\xff and \\xc3'],
  ['\xf0\x9f\x90\xa7', '\\xf0\\x9f\\x90\\xa7'],
  ['up to a zero\0and no further', 'up to a zero'],
  ['<14>a line\n', 'a line'],
])('%j written to it is %s', (written, shown) => {
  const { log, next } = opened();
  kmsgFile(log, 1).write?.(written);
  expect(next()?.split(';')[1]).toBe(`${shown}\n`);
});
