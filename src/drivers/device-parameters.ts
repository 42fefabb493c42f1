import { type Token, token } from '../lib/token.js';
import type { Guid } from '../vmbus/protocol/guid.js';

/**
 * What a guest's user or scenario fixes about single devices, as module parameters do about all of a driver's;
 * undefined leaves it to the driver.
 */
export interface DeviceParameters {
  /** Number of the SCSI host that a storage controller becomes. Linux gives the lowest free one at the probe. */
  scsiHost(instanceId: Guid): number | undefined;
  /** Numbers of the disks that a storage controller has; undefined: one, 0. */
  luns(instanceId: Guid): readonly number[] | undefined;
  /** Channels that netvsc asks for at first, the primary one included. */
  netvscChannels(instanceId: Guid): number | undefined;
  /** Whether user space brings a network interface up as soon as it sees it. */
  bringsInterfaceUp(instanceId: Guid): boolean;
  /** PCI domain that a passed through device asks for, in place of the one in its instance GUID. */
  vpciDomain(instanceId: Guid): number | undefined;
  /** Whether the program runs that does in user space what the host asks an integration service for. */
  hasDaemon(instanceId: Guid): boolean;
}

export const DEVICE_PARAMETERS: Token<DeviceParameters> = token('DeviceParameters');

/** Leaves everything to the drivers. */
export const defaultDeviceParameters: DeviceParameters = {
  scsiHost: () => undefined,
  luns: () => undefined,
  netvscChannels: () => undefined,
  bringsInterfaceUp: () => true,
  vpciDomain: () => undefined,
  hasDaemon: () => true,
};
