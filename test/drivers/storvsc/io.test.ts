import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { StorvscDevice } from '../../../src/drivers/storvsc/device.js';
import { builtinBackends, type StorageOptions } from '../../../src/host/backends/index.js';
import { irqSetAffinity } from '../../../src/irq/affinity/affinity.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { regularTopology } from '../../../src/machine/topology.js';
import { device, TestGuest, type TestGuestOptions } from '../../support/guest.js';

const US = 1000;
const SUBS = [20, 21, 22, 23, 24, 25, 26];

interface DiskOptions extends TestGuestOptions {
  readonly className?: string;
  readonly storage?: StorageOptions;
}

function diskGuest({ className = 'scsi', storage, ...options }: DiskOptions = {}): TestGuest {
  const backends = builtinBackends({ storage });
  return new TestGuest({
    devices: [device(className, 14, { subChannelRelids: SUBS })],
    backends,
    ...options,
  }).boot();
}

function diskOf(guest: TestGuest): StorvscDevice {
  const { driverData } = guest.device(14);
  if (!(driverData instanceof StorvscDevice)) throw new Error('no disk');
  return driverData;
}

/** Submits reads of one page and returns whether each went well, as it is completed. */
function submit(guest: TestGuest, cpu: number, count = 1, bytes = 4096): boolean[] {
  const results: boolean[] = [];
  const disk = diskOf(guest);
  for (let i = 0; i < count; i++) {
    disk.submit({ cpu, bytes, isWrite: false, completed: (ok) => results.push(ok) });
  }
  return results;
}

function move(guest: TestGuest, relid: number, cpu: number): void {
  const ret = irqSetAffinity(guest.irq, guest.channel(relid).irq, CpuMask.of(guest.machine.nrCpuIds, [cpu]));
  expect(ret).toBe(0);
}

function chosen(guest: TestGuest): number[] {
  return Array.from({ length: guest.machine.nrCpuIds }, (_, cpu) => diskOf(guest).channelFor(cpu).relid);
}

/** Relids of the channels by the CPU that each interrupts. */
function channelOn(guest: TestGuest, cpu: number): number {
  const found = [14, ...SUBS].find((relid) => {
    const channel = guest.connection.relids.relid2channel(relid);
    return channel?.targetCpu === cpu;
  });
  if (found === undefined) throw new Error(`no channel on CPU ${cpu}`);
  return found;
}

describe('an I/O', () => {
  test('is completed after the latency of the host, with one interrupt on the CPU of its channel', () => {
    const guest = diskGuest({ storage: { latencyNs: 300 * US }, host: { messageNs: 10 * US } });
    const relid = diskOf(guest).channelFor(3).relid;
    const before = guest.count(relid);
    const begin = guest.machine.clock.now;
    const results = submit(guest, 3);
    expect(diskOf(guest).outstanding).toBe(1);
    guest.settle();
    expect(results).toEqual([true]);
    expect(guest.machine.clock.now - begin).toBe(310 * US);
    expect(guest.count(relid)).toBe(before + 1);
    expect(diskOf(guest).outstanding).toBe(0);
  });

  test.each([0, 1, 4096, 4097, 65536, 524288])('of %i bytes', (bytes) => {
    const guest = diskGuest();
    const results = submit(guest, 0, 3, bytes);
    guest.settle();
    expect(results).toEqual([true, true, true]);
  });

  test.each([-1, 1.5, 524289])('of %d bytes cannot be', (bytes) => {
    const guest = diskGuest();
    expect(() => submit(guest, 0, 1, bytes)).toThrow(RangeError);
  });

  test('several that the host completes together make one interrupt', () => {
    const guest = diskGuest({ present: 1, storage: { batch: { count: 8, waitNs: 50 * US } } });
    const before = guest.count(14);
    const results = submit(guest, 0, 20);
    guest.settle();
    expect(results).toHaveLength(20);
    // 8, 8, and 4 after the wait.
    expect(guest.count(14)).toBe(before + 3);
  });

  test('without waiting only those that are ready at the same time go together', () => {
    const guest = diskGuest({ present: 1, storage: { batch: { count: 100 } } });
    const before = guest.count(14);
    submit(guest, 0, 5);
    guest.machine.elapse(20 * US);
    submit(guest, 0, 5);
    guest.settle();
    expect(guest.count(14)).toBe(before + 2);
  });
});

describe('the channel of an I/O', () => {
  test.each([
    ['6.10', 'another one of the node'],
    ['6.18', 'that of the submitting CPU'],
  ] as const)('Linux %s: %s', (kernel, _) => {
    const guest = diskGuest({ kernel });
    const own = Array.from({ length: 8 }, (_, cpu) => channelOn(guest, cpu));
    const next = own.map((_, cpu) => own[(cpu + 1) % 8]);
    expect(chosen(guest)).toEqual(kernel === '6.18' ? own : next);
  });

  // CPU 2 is in the second of three nodes, whose channels are busy.
  test.each([
    ['6.1', 0],
    ['6.12', 0],
    ['6.18', 4],
    ['7.2', 4],
  ] as const)('Linux %s: where those of the node are busy, that of CPU %i', (kernel, cpu) => {
    const guest = diskGuest({ kernel, present: 6, topology: regularTopology(6, { nodes: 3 }) });
    submit(guest, 2, 230, 524288);
    expect(diskOf(guest).channelFor(2).relid).toBe(channelOn(guest, cpu));
  });

  test('with fewer channels than CPUs: one of the same node, evenly', () => {
    const guest = new TestGuest({
      devices: [device('scsi', 14, { subChannelRelids: [20, 21, 22] })],
      present: 8,
      topology: regularTopology(8, { nodes: 2 }),
      kernel: '6.18',
    }).boot();
    const { node } = guest.machine.topology;
    const byCpu = chosen(guest);
    for (let cpu = 0; cpu < 8; cpu++) expect(node[guest.channel(byCpu[cpu]).targetCpu]).toBe(node[cpu]);
    for (const relid of [14, 20, 21, 22]) expect(byCpu.filter((one) => one === relid)).toHaveLength(2);
  });

  test('an I/O of an IDE disk goes by the CPU that submits it, too', () => {
    const guest = diskGuest({ className: 'ide', kernel: '6.18' });
    for (const cpu of guest.machine.online) expect(chosen(guest)[cpu]).toBe(channelOn(guest, cpu));
  });

  test('a moved channel serves its new CPU; the old one gets another', () => {
    const guest = diskGuest({ present: 4, kernel: '6.18' });
    chosen(guest);
    const moved = channelOn(guest, 2);
    move(guest, moved, 3);
    guest.settle();
    expect(diskOf(guest).channelFor(3).relid).toBe(moved);
    // CPU 2 has no channel of its own any more: CPUs 0, 1 and 3 have, and 2 % 3 is the third.
    expect(diskOf(guest).channelFor(2).relid).toBe(moved);
    const before = guest.count(moved);
    submit(guest, 2);
    guest.settle();
    expect(guest.count(moved)).toBe(before + 1);
  });

  test('two channels on a CPU: when one leaves, the other serves the CPU', () => {
    const guest = diskGuest({ present: 4, kernel: '6.18' });
    const [first, second] = [channelOn(guest, 1), channelOn(guest, 2)];
    move(guest, second, 1);
    expect(diskOf(guest).channelFor(1).relid).toBe(second);
    move(guest, second, 3);
    expect(diskOf(guest).channelFor(1).relid).toBe(first);
  });

  test('any moves: each CPU has a channel, of its own if one interrupts it', () => {
    const guest = diskGuest({ present: 4, kernel: '6.18' });
    const moves = fc.record({ relid: fc.constantFrom(14, 20, 21, 22), cpu: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(moves, { maxLength: 12 }), (steps) => {
        for (const { relid, cpu } of steps) move(guest, relid, cpu);
        guest.settle();
        chosen(guest).forEach((relid, cpu) => {
          const targets = [14, 20, 21, 22].map((one) => guest.channel(one).targetCpu);
          if (targets.includes(cpu)) expect(guest.channel(relid).targetCpu).toBe(cpu);
        });
        const results = [0, 1, 2, 3].map((cpu) => submit(guest, cpu, 3));
        guest.settle();
        expect(results.flat()).toEqual(new Array(12).fill(true));
      }),
      { numRuns: 40 },
    );
  });
});

describe('more I/Os than the controller takes', () => {
  test('wait in the guest and are all done', () => {
    const guest = diskGuest({ present: 2, kernel: '6.18' });
    const results = submit(guest, 0, 5000);
    expect(diskOf(guest).queued).toBeGreaterThan(4000);
    guest.settle();
    expect(results).toHaveLength(5000);
    expect(results.every((ok) => ok)).toBe(true);
    expect(diskOf(guest).queued).toBe(0);
  });

  test('a full ring is counted, and tried again', () => {
    // Large requests name 128 pages each, so that the ring is full before the queue is.
    const guest = diskGuest({ present: 1 });
    const results = submit(guest, 0, 300, 524288);
    const outbound = guest.channel(14).rings?.outbound;
    expect(outbound?.outFullTotal).toBeGreaterThan(0);
    expect(outbound?.outFullFirst).toBe(1);
    guest.settle();
    expect(results).toHaveLength(300);
    expect(results.every((ok) => ok)).toBe(true);
  });
});

describe('a disk that goes while I/Os are under way', () => {
  const RESCIND = ['vmbus_remove', 'vmbus_onoffer_rescind', 'vmbus_onmessage_work'];

  // What went to a sub-channel that its host has taken back is under way for ever: storvsc_queuecommand looks at no error
  // but EAGAIN, and storvsc_eh_timed_out gives it time again and again.
  test.each([
    ['6.1', 1],
    ['6.12', 4],
    ['7.2', 2],
  ] as const)('Linux %s waits for ever for %i that nobody has got', (kernel, count) => {
    const guest = diskGuest({ present: 2, kernel });
    guest.host.rescind(20);
    guest.settle();
    const cpu = chosen(guest).indexOf(20);
    const results = submit(guest, cpu, count);
    guest.settle();
    guest.host.rescind(14);
    guest.settle();
    expect(results).toEqual([]);
    expect(guest.machine.waiting().map(({ functions }) => functions)).toEqual([
      ['blk_mq_freeze_queue_wait', 'del_gendisk', 'scsi_remove_host', ...RESCIND],
    ]);
    expect(submit(guest, 0)).toEqual([false]);
  });

  test('ends with an error those that wait in the guest', () => {
    const guest = diskGuest({ present: 1 });
    const disk = diskOf(guest);
    const results = submit(guest, 0, 3000);
    const { queued, outstanding } = disk;
    expect(queued).toBeGreaterThan(2000);
    guest.run(guest.vmbus.bus.unbind(guest.device(14)));
    guest.settle();
    expect(results.filter((ok) => !ok)).toHaveLength(queued);
    expect(results.filter((ok) => ok)).toHaveLength(outstanding);
  });

  test('has them completed by its host first, and leaves nothing', () => {
    const guest = diskGuest();
    const results = submit(guest, 0, 10);
    const disk = diskOf(guest);
    guest.host.rescind(14);
    guest.settle();
    expect(results).toEqual(new Array(10).fill(true));
    expect(disk.outstanding).toBe(0);
    expect(guest.memory.blocksInUse).toBe(0);
  });

  test('waits for ever, before its channels are closed, for one that its host has lost', () => {
    const guest = diskGuest();
    guest.host.faults.add({ what: 'packet', nth: 3, deed: 'drop' });
    const results = submit(guest, 0, 10);
    guest.host.rescind(14);
    guest.settle();
    expect(results).toEqual(new Array(9).fill(true));
    expect(guest.machine.waiting()).toEqual([
      expect.objectContaining({
        task: 'hv_vmbus_rescind',
        waitsFor: 'requests of the disk on channel 14',
        functions: ['blk_mq_freeze_queue_wait', 'del_gendisk', 'scsi_remove_host', ...RESCIND],
      }),
    ]);
  });
});
