import { Prng } from '../../../src/lib/prng.js';
import type { DeviceOptions } from '../../../src/scenario/options/devices.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import { vmbusVersions } from '../../../src/scenario/options/host.js';
import type { InterruptOptions } from '../../../src/scenario/options/interrupts.js';
import { kernelVersions } from '../../../src/scenario/options/kernel.js';
import type { PciDeviceOptions } from '../../../src/scenario/options/pci.js';
import { type DesignAxis, defaultDesign, designChoices } from '../../../src/vmbus/variants/design.js';
import { designPresets } from '../../../src/vmbus/variants/presets.js';

export const NIC = 13;
export const SCSI = 14;
/** A port that the host listens on. */
export const PORT = 5000;
/** Relids of devices that come and go. */
export const spareRelids = [30, 31, 32, 33, 400, 2047];
/** All relids that a life speaks of: of channels, and of none. */
export const relids = [7, 8, NIC, SCSI, 16, 17, 18, 21, 22, ...spareRelids, 1, 60, 0, 2048, 0xffffffff];

const boot: readonly DeviceOptions[] = [
  { driver: 'heartbeat', relid: 7 },
  { driver: 'shutdown', relid: 8 },
  { driver: 'netvsc', relid: NIC, channels: 3, subChannels: [16, 17, 18] },
  { driver: 'storvsc', relid: SCSI, subChannels: [21, 22] },
  { driver: 'vpci', relid: 40, functions: [{ driver: 'nvme', queues: 3 }] },
  { driver: 'balloon', relid: 41 },
  { driver: 'keyboard', relid: 42 },
];

/** Devices that a host may offer later. */
export const laterDevices: readonly ((relid: number) => DeviceOptions)[] = [
  (relid) => ({ driver: 'kvp', relid }),
  (relid) => ({ driver: 'heartbeat', relid }),
  (relid) => ({ driver: 'netdirect', relid }),
  (relid) => ({ driver: 'mouse', relid }),
  (relid) => ({ driver: 'storvsc', relid, subChannels: [relid + 20] }),
  (relid) => ({ driver: 'netvsc', relid, channels: 2, subChannels: [relid + 20] }),
  (relid) => ({ driver: 'vpci', relid, functions: [{ driver: 'mlx5', queues: 2 }] }),
  (relid) => ({ relid, class: '11111111-2222-3333-4444-555555555555' }),
];

export const pciDevices: readonly PciDeviceOptions[] = [
  { driver: 'nvme', queues: 4 },
  { driver: 'virtio-net', queues: 2 },
  { driver: 'virtio-blk', queues: 2 },
  { driver: 'mana', queues: 3 },
  { driver: 'msix', queues: 5, managed: true },
];

const lines: readonly InterruptOptions[] = [
  { irq: 4, chip: 'IO-APIC', flow: 'edge', name: 'ttyS0' },
  { irq: 9, chip: 'IO-APIC', flow: 'fasteoi', name: 'acpi', thread: true },
  { irq: 11, chip: 'IO-APIC', flow: 'fasteoi', name: 'one, two' },
];

const cmdlines = ['threadirqs', 'noirqdebug', 'irqfixup', 'irqaffinity=0', 'maxcpus=2', 'nohz_full=1'];

/** Choices of designs that hold what the RFC promises: of the others the explorer shows that they do not. */
const soundChoices: { readonly [Axis in DesignAxis]?: readonly string[] } = {
  relidMap: designChoices.relidMap,
  topLevel: designChoices.topLevel,
  lifetime: ['rescind-ref', 'get-put-completed'],
  modifyChannel: ['wait-on-offline', 'wait-in-setter'],
  netvscNames: designChoices.netvscNames,
  flowControl: designChoices.flowControl,
};

const axes = Object.keys(designChoices) as readonly DesignAxis[];

/** What a life begins with. */
export interface LifeOptions {
  readonly guest: GuestOptions;
  /** False: the host keeps to the protocol. */
  readonly isHostile: boolean;
  /** False: a design of which nothing is promised but that it does not crash irqlab. */
  readonly isSound: boolean;
}

/** The options that a setup stands for; they may be refused. */
export function lifeOptions(setup: number): LifeOptions {
  const prng = new Prng(setup);
  const often = (of: number): boolean => prng.below(of) === 0;
  const present = prng.pick([1, 2, 3, 4, 4, 8, 16, 64]);
  const isArm = often(4);
  const { design, isSound } = drawDesign(prng);
  const cmdline = often(3) ? prng.pick(cmdlines) : undefined;
  const guest: GuestOptions = {
    cpus: {
      present,
      possible: present + prng.pick([0, 0, 1, 4]),
      nodes: present % 2 === 0 && often(3) ? 2 : 1,
      vendor: often(4) ? 'AMD' : 'Intel',
    },
    kernel: prng.pick(kernelVersions),
    arch: isArm ? 'arm64' : 'x86_64',
    seed: prng.next() & 0xffff,
    design,
    devices: boot.filter((device) => device.relid === NIC || !often(3)),
    host: {
      sockets: [PORT],
      ...(often(3) ? { version: prng.pick(vmbusVersions) } : {}),
      ...(often(4) ? { pendingSendSz: false } : {}),
      ...(often(4) ? { messageBuffers: prng.pick([1, 2, 5]) } : {}),
      ...(often(4) ? { latency: { messageNs: 1_000_000, modifyChannelNs: 3_000_000 } } : {}),
    },
    interrupts: isArm || often(2) ? [] : lines,
    pci: isArm || often(2) ? [] : [prng.pick(pciDevices)],
    ...(isArm ? {} : { interruptRemapping: prng.pick(['none', 'none', 'intel', 'amd', 'hyperv'] as const) }),
    ...(cmdline === undefined ? {} : { cmdline }),
    ...(often(4) ? { interruptTimeNs: prng.pick([1, 1000, 20_000]) } : {}),
    ...(often(8) ? { isolation: true } : {}),
  };
  return { guest, isHostile: often(2), isSound };
}

function drawDesign(prng: Prng): { design: GuestOptions['design']; isSound: boolean } {
  switch (prng.below(4)) {
    case 0:
      return { design: 'rfc', isSound: true };
    case 1: {
      const preset = prng.pick(designPresets);
      return { design: preset, isSound: preset === 'rfc' };
    }
    default: {
      const chosen = Array.from({ length: 1 + prng.below(3) }, () => prng.pick(axes));
      const design = Object.fromEntries(chosen.map((axis) => [axis, prng.pick(designChoices[axis])]));
      const isSound = chosen.every(
        (axis) => design[axis] === defaultDesign[axis] || soundChoices[axis]?.includes(design[axis]) === true,
      );
      return { design, isSound };
    }
  }
}
