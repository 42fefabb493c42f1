import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeReal, mountGuest, ownMounts, root, run } from '../support/real.js';

const SECONDS = 60;

describeReal('eight programs at once', [], () => {
  test(`read and write for ${SECONDS} s: no torn text, no lost write`, async () => {
    const { directory, stop } = await mountGuest('examples/two-node-16vcpu.yaml');
    const roles = [
      ...(['interrupts', 'interrupts', 'interrupts', 'stat'] as const).map((role) => [role, '0']),
      ...['28', '31', '32'].map((irq) => ['affinity', irq]),
      ['hotplug', '0'],
    ];
    const worker = join(root, 'test/live/stress-worker.js');
    const results = await Promise.all(
      roles.map(([role, irq]) => run(process.execPath, [worker, role, directory, irq, String(SECONDS)])),
    );
    for (const { status, out, err } of results) {
      expect({ status, err }).toEqual({ status: 0, err: '' });
      expect(Number(out)).toBeGreaterThan(100);
    }
    expect(await stop()).toMatchObject({ status: 0, err: '' });
    expect(ownMounts()).toEqual([]);
  });
});
