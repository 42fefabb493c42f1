import type { Relid } from '../lib/brand.js';
import { CHANNEL_FLAG } from '../vmbus/protocol/channel-messages.js';
import { MAX_CHANNEL_RELIDS } from '../vmbus/relid-map.js';
import type { HostDevice, HostDeviceOptions } from './device.js';

/** How many relids there are: 1 to so many. */
export const RELIDS = MAX_CHANNEL_RELIDS - 1;

/** True for a connection between sockets, which ends when either side goes. */
export function isSocket({ flags = 0 }: HostDeviceOptions): boolean {
  return (flags & CHANNEL_FLAG.TLNPI_PROVIDER_OFFER) !== 0;
}

/** All relids of the devices' channels, those kept for sub-channels included. */
export function relidsOf(devices: readonly HostDevice[]): Relid[] {
  return devices.flatMap(({ relid, subChannelRelids }) => [relid, ...subChannelRelids]);
}

/** Relids that no channel has or may get, from the one behind the highest on. @throws RangeError when there are no more. */
export function* unusedRelids(used: Iterable<Relid>): Generator<Relid, never> {
  const taken = new Set(used);
  let relid = Math.max(0, ...taken);
  for (let i = 0; i < RELIDS; i++) {
    relid = (relid % RELIDS) + 1;
    if (!taken.has(relid)) yield relid;
  }
  throw new RangeError(`all ${RELIDS} relids are in use`);
}

/** New relids for all channels, in the order of the devices, that follow the highest one in use. */
export function relidsBehind(devices: readonly HostDevice[]): Map<Relid, Relid> {
  const old = relidsOf(devices);
  const highest = Math.max(0, ...old);
  return new Map(old.map((relid, i) => [relid, ((highest + i) % RELIDS) + 1]));
}

/** Gives the devices other relids. @throws RangeError if that leaves two channels with one, or one with a wrong one. */
export function moveRelids(devices: readonly HostDevice[], relids: ReadonlyMap<Relid, Relid>): void {
  const moved = (relid: Relid): Relid => relids.get(relid) ?? relid;
  const after = relidsOf(devices).map(moved);
  const wrong = after.find((relid, i) => !isRelid(relid) || after.indexOf(relid) !== i);
  if (wrong !== undefined) throw new RangeError(`relid ${wrong} is in use, or not in 1..${RELIDS}`);
  for (const device of devices) {
    device.relid = moved(device.relid);
    device.subChannelRelids = device.subChannelRelids.map(moved);
  }
}

function isRelid(relid: Relid): boolean {
  return Number.isInteger(relid) && relid >= 1 && relid <= RELIDS;
}
