// One of the programs that use a mounted guest at once: stress-worker.js ROLE DIRECTORY IRQ SECONDS. It prints how
// much it did, or fails with what was wrong.
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';

const [role, directory, irq, seconds] = process.argv.slice(2);
const end = Date.now() + Number(seconds) * 1000;

/** The whole file in pieces of some bytes, so that it would show if they were not of one text. */
function readInPieces(path, sizeBytes) {
  const fd = openSync(path, 'r');
  const buffer = Buffer.alloc(sizeBytes);
  let text = '';
  for (let got = readSync(fd, buffer); got > 0; got = readSync(fd, buffer))
    text += buffer.toString('latin1', 0, got);
  closeSync(fd);
  return text;
}

let last = new Map();

/** All rows are whole, and no interrupt's counts go back. */
function checkInterrupts(text) {
  assert.ok(text.endsWith('\n'));
  const [head, ...lines] = text.trimEnd().split('\n');
  const cpus = head.trim().split(/ +/);
  const columns = cpus.map((name) => Number(name.slice(3)));
  assert.ok(columns.every((cpu, i) => i === 0 || cpu > columns[i - 1]));
  const counts = new Map();
  for (const line of lines) {
    const [, label, rest] = /^ *(\w+):(.*)$/.exec(line);
    const fields = rest.trim().split(/ +/);
    if (!/^\d+$/.test(label)) continue;
    const numbers = fields.slice(0, columns.length).map(Number);
    assert.ok(numbers.every(Number.isInteger), line);
    for (const [i, cpu] of columns.entries()) {
      const key = `${label} ${cpu}`;
      counts.set(key, numbers[i]);
      assert.ok(
        numbers[i] >= (last.get(key) ?? 0),
        `${key} went back from ${last.get(key)} to ${numbers[i]}`,
      );
    }
  }
  assert.ok(counts.size > 0);
  last = counts;
}

const roles = {
  interrupts(i) {
    checkInterrupts(readInPieces(`${directory}/proc/interrupts`, 50 + (i % 7) * 613));
  },
  stat() {
    const text = readInPieces(`${directory}/proc/stat`, 100);
    const [, total, ...each] = /^intr (.*)$/m.exec(text)[0].split(' ').map(Number);
    assert.ok(total >= each.reduce((sum, count) => sum + count, 0));
    assert.ok(text.endsWith('\n'));
  },
  // The only writer of this interrupt finds what it wrote.
  affinity(i) {
    const path = `${directory}/proc/irq/${irq}/smp_affinity_list`;
    const cpu = String((i * 7 + Number(irq)) % 8);
    writeFileSync(path, cpu);
    assert.equal(readFileSync(path, 'latin1'), `${cpu}\n`);
  },
  hotplug(i) {
    const path = `${directory}/sys/devices/system/cpu/cpu${8 + (i % 8)}/online`;
    for (const value of ['0', '1']) {
      try {
        writeFileSync(path, value);
        assert.equal(readFileSync(path, 'latin1'), `${value}\n`);
      } catch (error) {
        if (error.code !== 'EBUSY') throw error;
      }
    }
  },
};

let rounds = 0;
while (Date.now() < end) roles[role](rounds++);
console.log(rounds);
