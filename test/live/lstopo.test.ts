import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Guest } from '../../src/node-guest.js';
import { describeReal, run } from '../support/real.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const SEEN = `Machine (16GB total)
  Package L#0
    NUMANode L#0 (P#0 8192MB)
    Core L#0
      PU L#0 (P#0)
      PU L#1 (P#1)
    Core L#1
      PU L#2 (P#2)
      PU L#3 (P#3)
    Net "eth0"
  Package L#1
    NUMANode L#1 (P#1 8192MB)
    Core L#2 + PU L#4 (P#4)
    Core L#3
      PU L#5 (P#6)
      PU L#6 (P#7)
`;

describeReal('lstopo', ['lstopo-no-graphics'], () => {
  const directory = temporaryDirectory('lstopo');

  test('reads an exported tree: the guest’s packages, nodes, cores, CPUs online and network adapters', async () => {
    const guest = Guest.create({
      cpus: { present: 8, nodes: 2, threadsPerCore: 2, wentOffline: [5] },
      devices: [{ driver: 'netvsc', relid: 13, channels: 2 }],
    });
    const root = join(directory.path, 'root');
    guest.exportTree(root);
    const lstopo = ['lstopo-no-graphics', '--of', 'console', '--no-caches'];
    const { status, out, err } = await run('env', [`HWLOC_FSROOT=${root}`, ...lstopo]);
    expect({ status, out, err }).toEqual({ status: 0, out: SEEN, err: '' });
  });
});
