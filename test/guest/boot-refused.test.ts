import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { irqlab } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const tooMany = { driver: 'msix', name: 'x', queues: 5, managed: true } as const;

describe('a PCI function that its driver cannot take into service', () => {
  const scratch = temporaryDirectory('boot-refused');

  test('makes no guest, whose options are told what is wrong', () => {
    expect(() => Guest.create({ cpus: 1, pci: [tooMany] })).toThrow(RangeError);
    expect(() => Guest.create({ cpus: 1, pci: [tooMany] })).toThrow(/^ENOSPC: x at 0000:00:04\.0/);
  });

  test('is the fault of the scenario that has it', async () => {
    const file = scratch.file(
      'too-many.yaml',
      'cpus: 1\npci: [{msix: {name: x, queues: 5, managed: true}}]\n',
    );
    const { status, err } = await irqlab(['run', file]);
    expect(status).toBe(2);
    expect(err).toMatch(/ENOSPC: x at 0000:00:04\.0 cannot be taken into service/);
  });

  test('stays without a driver when a crash kernel with fewer CPUs finds it', () => {
    const guest = Guest.create({ cpus: 8, pci: [tooMany], devices: [{ driver: 'heartbeat', relid: 7 }] });
    expect(guest.pci.names).toEqual(['x']);
    guest.crash();
    expect(guest.pci.names).toEqual([]);
    expect(guest.fs.exists('/sys/bus/pci/devices/0000:00:04.0')).toBe(true);
    expect(guest.channel(7).state).toBe('opened');
  });
});
