import type { Relid } from '../lib/brand.js';
import { CHANNEL_FLAG } from '../vmbus/protocol/channel-messages.js';
import { MAX_CHANNEL_RELIDS } from '../vmbus/relid-map.js';
import type { HostDevice, HostDeviceOptions } from './device.js';

/** True for a connection between sockets, which ends when either side goes. */
export function isSocket({ flags = 0 }: HostDeviceOptions): boolean {
  return (flags & CHANNEL_FLAG.TLNPI_PROVIDER_OFFER) !== 0;
}

/** All relids of the devices' channels, those kept for sub-channels included. */
function relidsOf(devices: readonly HostDevice[]): Relid[] {
  return devices.flatMap(({ relid, subChannelRelids }) => [relid, ...subChannelRelids]);
}

/** A relid that no channel has or may get. @throws RangeError if there is none. */
export function unusedRelid(devices: readonly HostDevice[]): Relid {
  const used = new Set(relidsOf(devices));
  for (let i = 0, relid = Math.max(0, ...used); i < MAX_CHANNEL_RELIDS; i++) {
    relid = (relid % (MAX_CHANNEL_RELIDS - 1)) + 1;
    if (!used.has(relid)) return relid;
  }
  throw new RangeError('all relids are in use');
}

/** New relids for all channels, in the order of the devices, that follow the highest one in use. */
export function relidsBehind(devices: readonly HostDevice[]): Map<Relid, Relid> {
  const old = relidsOf(devices);
  const highest = Math.max(0, ...old);
  return new Map(old.map((relid, i) => [relid, ((highest + i) % (MAX_CHANNEL_RELIDS - 1)) + 1]));
}

/** Gives the devices other relids. @throws RangeError if that leaves two channels with one, or one with a wrong one. */
export function moveRelids(devices: readonly HostDevice[], relids: ReadonlyMap<Relid, Relid>): void {
  const moved = (relid: Relid): Relid => relids.get(relid) ?? relid;
  const after = relidsOf(devices).map(moved);
  const wrong = after.find((relid, i) => !isRelid(relid) || after.indexOf(relid) !== i);
  if (wrong !== undefined)
    throw new RangeError(`relid ${wrong} is in use, or not in 1..${MAX_CHANNEL_RELIDS - 1}`);
  for (const device of devices) {
    device.relid = moved(device.relid);
    device.subChannelRelids = device.subChannelRelids.map(moved);
  }
}

function isRelid(relid: Relid): boolean {
  return Number.isInteger(relid) && relid >= 1 && relid < MAX_CHANNEL_RELIDS;
}
