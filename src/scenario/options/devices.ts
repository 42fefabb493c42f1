import type { Relid } from '../../lib/brand.js';
import type { PciDeviceOptions } from './pci.js';

/** Devices of which nothing but the channel matters here. */
export const plainDrivers = [
  'heartbeat',
  'shutdown',
  'timesync',
  'balloon',
  'mouse',
  'keyboard',
  'framebuffer',
  'netdirect',
  'hv_sock',
] as const;

/** Integration services that a program in user space stands behind. */
export const daemonDrivers = ['kvp', 'vss', 'fcopy'] as const;

/** All names that `driver` of a device may have. */
export const driverNames = [...plainDrivers, ...daemonDrivers, 'storvsc', 'netvsc', 'vpci'] as const;
/** A driver as `driver` of a device names it. */
export type DriverName = (typeof driverNames)[number];

/** What guest and paravisor keep from the host. */
export const encryptedMemories = ['rings', 'all'] as const;
/** What of a device's memory the host cannot read. */
export type EncryptedMemory = (typeof encryptedMemories)[number];

/**
 * Relids of sub-channels in the order in which the host gives them: numbers, or ranges as text, e.g. `16-18,20`. At most
 * so many are offered.
 */
export type RelidList = readonly Relid[] | string;

/** What every device has. */
export interface DeviceBase {
  /** Relid of the primary channel, 1 to 2047. */
  readonly relid: Relid;
  /** Instance GUID, without braces; default: made up from seed and relid. */
  readonly instance?: string;
  /**
   * With confidential VMBus: what the host cannot read, the rings of the device's channels or all memory that packets
   * name as well. Default: nothing.
   */
  readonly encrypted?: EncryptedMemory;
}

/** A device of one channel. */
export interface PlainDeviceOptions extends DeviceBase {
  readonly driver: (typeof plainDrivers)[number];
}

/** An integration service that a program in user space stands behind. */
export interface DaemonServiceOptions extends DeviceBase {
  readonly driver: (typeof daemonDrivers)[number];
  /** Whether that program runs, hv_kvp_daemon and the like; default true. */
  readonly daemon?: boolean;
}

export const storageControllers = ['scsi', 'ide', 'fibreChannel'] as const;

/** A storage controller. */
export interface StorvscOptions extends DeviceBase {
  readonly driver: 'storvsc';
  /** What the host calls it; default `scsi`. */
  readonly controller?: (typeof storageControllers)[number];
  /** Number of the SCSI host in Linux, as in `pri@storvsc1`; default: counted up. */
  readonly scsiHost?: number;
  /** Numbers of its disks, 0 to 254 each; IDE has one disk only. Default: 0. */
  readonly luns?: readonly number[];
  /**
   * Channels that the host has for it, the primary one included, 1 to 64; default: by `subChannels`. Linux takes one for
   * each online CPU at most.
   */
  readonly channels?: number;
  /**
   * Relids of its sub-channels, at most one fewer than `channels` says. Where it names fewer, the host gives relids to the
   * rest; without `channels` there are those that it names.
   */
  readonly subChannels?: RelidList;
}

/** A network adapter. */
export interface NetvscOptions extends DeviceBase {
  readonly driver: 'netvsc';
  /**
   * Channels that the driver asks for, the primary one included, 1 to 64; default: what the kernel's driver does, which is 8, or
   * from 6.12 on 16 or one for every two cores if that is more. There are never more than online CPUs.
   */
  readonly channels?: number;
  /**
   * Relids of its sub-channels. Where it names fewer than `channels` needs, the host gives relids to the rest; where it names
   * more, they are there for when the driver is asked for more channels, as by ethtool -L.
   */
  readonly subChannels?: RelidList;
  /**
   * Whether user space brings the interface up as soon as it is there, as network managers do; default true. The action
   * `ifup` brings it up later.
   */
  readonly up?: boolean;
  /**
   * Serial number of the PCI function that is its virtual function, on any bus of Hyper-V; default: it has none. User space
   * leaves the function's own interface to netvsc, as Azure's images do.
   */
  readonly vf?: number;
}

/** A PCI bus passed through. */
export interface VpciOptions extends DeviceBase {
  readonly driver: 'vpci';
  /**
   * The PCI functions on it, with their drivers; slots and serial numbers are counted on unless they say theirs. Default:
   * one of which nobody knows anything.
   */
  readonly functions?: readonly PciDeviceOptions[];
  /** PCI domain number, 0 to 0xffff; default: from the instance GUID, as in Linux. */
  readonly domain?: number;
}

/** A device of any class, e.g. one that no Linux driver exists for. */
export interface ClassDeviceOptions extends DeviceBase {
  readonly driver?: undefined;
  /** Class GUID, without braces. */
  readonly class: string;
}

/** A device that the host offers. */
export type DeviceOptions =
  | PlainDeviceOptions
  | DaemonServiceOptions
  | StorvscOptions
  | NetvscOptions
  | VpciOptions
  | ClassDeviceOptions;

/** An item of a list of devices. */
export type DeviceInList = DeviceOptions | RepeatedDeviceOptions;

/** Keys that only one of several devices can have. */
export type KeyOfOne = 'relid' | 'instance' | 'scsiHost' | 'subChannels' | 'vf' | 'domain';

/** A device without the keys that only one of several can have. */
export type AnyOf<Device> = Device extends unknown ? Omit<Device, KeyOfOne> : never;

/** Several devices alike, whose relids the host gives. */
export type RepeatedDeviceOptions = AnyOf<DeviceOptions> & {
  /** How many, 1 to 2047. */
  readonly repeat: number;
  readonly relid?: undefined;
};
