import { unusedRelids } from '../host/relids.js';
import type { Relid } from '../lib/brand.js';
import type { DeviceInList, DeviceOptions, RepeatedDeviceOptions } from './options/devices.js';
import { relidsOfList } from './relid-list.js';

/** A device as the host offers it: all its relids are known. */
export type OfferedDevice = DeviceOptions & { readonly subChannels?: readonly Relid[] };

/**
 * The devices of a list as the host offers them: for each item the one that it stands for, or all that it repeats. The
 * host gives relids that count on behind the highest one that is named or used: to the devices, then to the sub-channels
 * that `channels` says are there and `subChannels` does not name.
 *
 * @param used relids that others have.
 * @throws RangeError if there are not so many relids.
 */
export function offeredDevices(
  given: readonly DeviceInList[],
  used: Iterable<Relid> = [],
): OfferedDevice[][] {
  const fresh = unusedRelids([...used, ...given.flatMap(relidsNamed)]);
  const items = given.map((item) => (isRepeated(item) ? repeated(item, fresh) : [item]));
  return items.map((devices) => devices.map((device) => withSubChannels(device, fresh)));
}

/** True if the host gives relids to a device or its sub-channels. */
export function takesRelids(given: DeviceInList): boolean {
  return isRepeated(given) || subChannelsToGive(given) > 0;
}

/** Relids of an offered device: the primary channel's, then those for sub-channels. */
export function relidsOfOffered({ relid, subChannels = [] }: OfferedDevice): Relid[] {
  return [relid, ...subChannels];
}

function isRepeated(given: DeviceInList): given is RepeatedDeviceOptions {
  return given.relid === undefined;
}

function relidsNamed(given: DeviceInList): readonly Relid[] {
  if (isRepeated(given)) return [];
  const { subChannels = [] } = 'subChannels' in given ? given : {};
  return [given.relid, ...relidsOfList(subChannels)];
}

function repeated(
  { repeat, ...same }: RepeatedDeviceOptions,
  fresh: Iterator<Relid, never>,
): DeviceOptions[] {
  return Array.from({ length: repeat }, () => ({ ...same, relid: fresh.next().value }));
}

/** How many sub-channels there are beside those that the device names. */
function subChannelsToGive(device: DeviceOptions): number {
  if (!('channels' in device) || device.channels === undefined) return 0;
  return Math.max(device.channels - 1 - relidsOfList(device.subChannels ?? []).length, 0);
}

function withSubChannels(device: DeviceOptions, fresh: Iterator<Relid, never>): OfferedDevice {
  const given = Array.from({ length: subChannelsToGive(device) }, () => fresh.next().value);
  const named = 'subChannels' in device ? device.subChannels : undefined;
  if (named === undefined && given.length === 0) return device as OfferedDevice;
  return { ...device, subChannels: [...relidsOfList(named ?? []), ...given] };
}
