import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Machine, type MachineOptions } from '../../../src/machine/machine.js';
import { runAtomic } from '../../../src/machine/step.js';
import { regularTopology } from '../../../src/machine/topology.js';
import { VmbusChannel } from '../../../src/vmbus/channel/channel.js';
import { deviceClassId } from '../../../src/vmbus/protocol/class-ids.js';
import { ChannelPlacement } from '../../../src/vmbus/channel/placement.js';
import { CHANNELMSG } from '../../../src/vmbus/protocol/channel-messages.js';
import { ExclusiveOrFree, type FreeCpus, OnlineFree } from '../../../src/vmbus/variants/free-cpus.js';
import { instanceOf } from '../../support/guest.js';

/** Places channels one after the other, as the connection does with offers. */
class Placer {
  readonly machine: Machine;
  readonly channels: VmbusChannel[] = [];
  readonly placement: ChannelPlacement;
  private nextRelid = 1;

  constructor(options: MachineOptions, freeCpus: FreeCpus = new OnlineFree()) {
    this.machine = new Machine(options);
    this.placement = new ChannelPlacement(this.machine, () => this.channels, freeCpus);
  }

  /** @param spins as HypervBehaviour.placementSpins. */
  place(className: string, primary?: VmbusChannel, spins?: boolean): VmbusChannel {
    const relid = this.nextRelid++;
    const channel = new VmbusChannel(
      this.machine,
      {
        type: CHANNELMSG.OFFERCHANNEL,
        classId: deviceClassId(className),
        instanceId: instanceOf(primary?.relid ?? relid),
        flags: 0,
        mmioMegabytes: 0,
        userDefined: new Uint8Array(0),
        subChannelIndex: primary === undefined ? 0 : primary.subChannels.length + 1,
        childRelid: relid,
        monitorId: 0xff,
        monitorAllocated: false,
        isDedicatedInterrupt: true,
        connectionId: relid,
      },
      () => {},
    );
    channel.primary = primary;
    runAtomic(this.placement.initVpIndex(channel, spins));
    primary?.subChannels.push(channel);
    if (channel.isPerf) this.channels.push(channel);
    return channel;
  }

  cpus(className: string, count: number): number[] {
    return Array.from({ length: count }, () => this.place(className).targetCpu);
  }
}

describe('a CPU that counts as used goes offline', () => {
  /** CPUs of the channels that come when CPU 1, which a sub-channel has passed over, is offline. */
  function afterwards(freeCpus: FreeCpus): number[] {
    const placer = new Placer({ present: 4 }, freeCpus);
    placer.place('nic');
    const disk = placer.place('scsi');
    expect(disk.targetCpu).toBe(1);
    placer.channels.splice(placer.channels.indexOf(disk), 1);
    placer.machine.online.clear(1);
    return placer.cpus('nic', 3);
  }

  test('Linux takes it for free', () => {
    expect(afterwards(new ExclusiveOrFree())).toEqual([1, 1, 1]);
  });

  test('or it is not looked at', () => {
    expect(afterwards(new OnlineFree())).toEqual([2, 3, 0]);
  });

  test('with all CPUs isolated the connect CPU counts as used', () => {
    const placer = new Placer({ present: 2, isolated: [0, 1] });
    expect(placer.cpus('nic', 2)).toEqual([0, 0]);
    expect([...(placer.placement.allocatedIn(0) ?? [])]).toEqual([0]);
  });
});

describe('the CPU of a new channel', () => {
  test('is the connect CPU for all but performance devices', () => {
    const placer = new Placer({ present: 4 });
    expect(placer.cpus('kvp', 3)).toEqual([0, 0, 0]);
    expect(placer.cpus('pci', 1)).toEqual([0]);
    expect(placer.cpus('scsi', 1)).toEqual([0]);
    expect(placer.cpus('heartbeat', 1)).toEqual([0]);
    expect(placer.cpus('nic', 1)).toEqual([1]);
  });

  test('is the lowest one not in use, then from the start again', () => {
    expect(new Placer({ present: 3 }).cpus('scsi', 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  test('alternates between NUMA nodes', () => {
    const topology = regularTopology(6, { nodes: 3 });
    expect(new Placer({ present: 6, topology }).cpus('nic', 7)).toEqual([0, 2, 4, 1, 3, 5, 0]);
  });

  test('passes over nodes that have no usable CPU', () => {
    const topology = regularTopology(6, { nodes: 3 });
    const placer = new Placer({ present: 6, topology, online: [0, 1, 4], isolated: [1] });
    expect(placer.cpus('nic', 4)).toEqual([0, 4, 0, 4]);
  });

  test('is no isolated one', () => {
    expect(new Placer({ present: 6, isolated: [0, 2, 3] }).cpus('scsi', 4)).toEqual([1, 4, 5, 1]);
  });

  test('is the connect CPU if all are isolated', () => {
    expect(new Placer({ present: 2, isolated: [0, 1] }).cpus('scsi', 2)).toEqual([0, 0]);
  });

  test('is not one that the device uses already, while there are others', () => {
    const placer = new Placer({ present: 4 });
    const first = placer.place('nic');
    const second = placer.place('nic');
    expect([first.targetCpu, second.targetCpu]).toEqual([0, 1]);
    // Taking turns alone, the first device would get CPUs 2, 3, 0: the last is its primary's.
    expect([1, 2, 3].map(() => placer.place('nic', first).targetCpu)).toEqual([2, 3, 1]);
    expect([1, 2, 3].map(() => placer.place('nic', second).targetCpu)).toEqual([2, 3, 0]);
  });

  test('may be used twice by a device with more channels than CPUs', () => {
    const placer = new Placer({ present: 2 });
    const nic = placer.place('nic');
    const subs = [1, 2, 3, 4].map(() => placer.place('nic', nic).targetCpu);
    expect(subs[0]).toBe(1);
    expect(subs).toHaveLength(4);
    for (const cpu of subs) expect([0, 1]).toContain(cpu);
  });

  test('is free again when the last performance channel there is gone or moved', () => {
    const placer = new Placer({ present: 4 });
    const channels = [1, 2, 3].map(() => placer.place('scsi'));
    channels[0].target.set(3);
    placer.placement.update(0, 3);
    expect(placer.place('scsi').targetCpu).toBe(0);

    placer.channels.splice(placer.channels.indexOf(channels[1]), 1);
    placer.placement.release(1);
    expect(placer.place('scsi').targetCpu).toBe(1);
  });

  test('stays in use while another performance channel is there', () => {
    const placer = new Placer({ present: 3 });
    const channels = [1, 2, 3, 4].map(() => placer.place('scsi'));
    expect(channels.map(({ targetCpu }) => targetCpu)).toEqual([0, 1, 2, 0]);
    channels[0].target.set(1);
    placer.placement.update(0, 1);
    // CPU 0 has the fourth one still, and CPU 1 the first.
    expect(placer.place('scsi').targetCpu).toBe(2);
  });

  // init_vp_index before "Drivers: hv: vmbus: Fix infinite loop": only a node without online CPUs is passed over.
  test('some kernels look for for ever, in a node whose CPUs online are all isolated', () => {
    const topology = regularTopology(8, { nodes: 4 });
    const options = { present: 8, topology, online: [0, 1, 4, 6, 7], isolated: [6, 7] };
    const placer = new Placer(options);
    const spinning = new Placer(options);
    const place = (): number => spinning.place('nic', undefined, true).targetCpu;
    expect([0, 1].map(place)).toEqual(placer.cpus('nic', 2));
    expect(place).toThrow('a CPU of node 3 that keeps house');
    expect(placer.cpus('nic', 2)).toEqual([1, 4]);
  });

  test('is always online and not isolated, and spread evenly', () => {
    const cpus = fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        cpus,
        cpus,
        fc.constantFrom(1, 2, 3),
        fc.integer({ min: 1, max: 30 }),
        (off, isolated, nodes, n) => {
          const online = Array.from({ length: 12 }, (_, cpu) => cpu).filter(
            (cpu) => cpu === 0 || !off.includes(cpu),
          );
          const topology = regularTopology(12, { nodes });
          const placer = new Placer({ present: 12, online, isolated, topology });
          const usable = online.filter((cpu) => !isolated.includes(cpu));
          const used = placer.cpus('scsi', n);
          for (const cpu of used) expect(usable.length === 0 ? [0] : usable).toContain(cpu);
          if (nodes === 1 && usable.length > 0) {
            const load = usable.map((cpu) => used.filter((other) => other === cpu).length);
            expect(Math.max(...load) - Math.min(...load)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });
});
