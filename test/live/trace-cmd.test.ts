import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from '@jest/globals';
import { describeReal, root, run } from '../support/real.js';

const cli = join(root, 'dist/cli/cli.js');

describeReal('trace-cmd report', ['trace-cmd'], () => {
  const dir = mkdtempSync(join(tmpdir(), 'irqlab-trace-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  /** What both print of an event, without columns: addresses are hashed in the kernel's text. */
  function lines(text: string): string[] {
    return text
      .split('\n')
      .map((line) => /^ *(.+)-(\d+) +\[(\d{3})\](?: \S{5})? +(\d+\.\d{6}): (\w+): +(.*)$/.exec(line))
      .flatMap((found) => (found ? [found.slice(1).join(' ')] : []))
      .map((line) => line.replace(/(struct[= ])(0x)?[0-9a-f]{16}/, '$1P').trimEnd())
      .sort();
  }

  test.each([
    'rfc-gen2-8vcpu',
    'channel-affinity',
    'cpu-offline',
    'interrupt-lines',
    'pci-devices',
    'hibernate',
  ])('prints the lines of our own text of %s', async (name) => {
    const file = (ending: string) => join(dir, `${name}.${ending}`);
    for (const ending of ['dat', 'txt']) {
      const args = [
        'run',
        `examples/${name}.yaml`,
        '--trace',
        file(ending),
        '--seconds',
        '0.05',
        '--events',
        '*:*',
      ];
      await run(process.execPath, [cli, ...args]);
    }
    const { out, err } = await run('trace-cmd', ['report', file('dat')]);
    const own = lines(readFileSync(file('txt'), 'utf8'));
    expect(own.length).toBeGreaterThan(20);
    expect([lines(out), err.replace(/^trace-cmd: No such file.*\n/gm, '')]).toEqual([own, '']);
  });
});
