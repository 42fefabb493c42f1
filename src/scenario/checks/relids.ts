import type { Relid } from '../../lib/brand.js';
import type { DeviceOptions, DriverName } from '../options/devices.js';
import type { Path, Report } from '../place.js';
import { relidsOfList } from '../relid-list.js';

/** Somebody who names a relid. */
interface Mention {
  readonly relid: Relid;
  readonly path: Path;
  /** Driver that the channel's device must have. */
  readonly driver: DriverName | undefined;
}

/**
 * Follows which relids are in use, from the devices through the timeline: a relid may be used once only until it is
 * rescinded, and whoever signals one needs a device that has it.
 */
export class RelidsInUse {
  private readonly live = new Map<Relid, DeviceOptions>();
  private readonly drivers = new Map<Relid, DeviceOptions['driver']>();
  private readonly ever = new Set<Relid>();
  private readonly mentions: Mention[] = [];
  private isForeseeable = true;
  /** True if there may be relids that nobody has named. */
  private areMore = false;

  constructor(private readonly report: Report) {}

  /** The host offers a device. */
  offer(device: DeviceOptions, at: Path): void {
    if (!this.isForeseeable) return;
    this.drivers.set(device.relid, device.driver);
    for (const { relid, path } of relidsOf(device)) {
      if (this.live.has(relid)) this.report([...at, ...path], `relid ${relid} is in use already`);
      this.live.set(relid, device);
      this.ever.add(relid);
    }
  }

  /** The host takes a channel back, a primary one with its sub-channels. */
  rescind(relid: Relid): void {
    if (!this.isForeseeable) return;
    for (const [used, device] of this.live)
      if (used === relid || device.relid === relid) this.live.delete(used);
  }

  /** From now on relids are others, most of which nobody knows before. */
  renumber(): void {
    this.isForeseeable = false;
  }

  /** The host gives relids while the guest runs: from now on those that are in use are not known. */
  give(): void {
    this.renumber();
    this.areMore = true;
  }

  /** True if a device has had the relid up to here. */
  has(relid: Relid): boolean {
    return this.ever.has(relid);
  }

  /** A device must have the relid, be it a later one. */
  mention(relid: Relid, path: Path, driver?: DriverName): void {
    if (this.isForeseeable) this.mentions.push({ relid, path, driver });
  }

  /** Reports what was mentioned and no device has. Where devices or steps are unreadable, they may have it. */
  finish(isAllReadable: boolean): void {
    if (!isAllReadable || this.areMore) return;
    for (const { relid, path, driver } of this.mentions) {
      if (!this.ever.has(relid)) this.report(path, `no device has relid ${relid}`);
      else if (driver !== undefined && this.drivers.get(relid) !== driver)
        this.report(path, `expected the relid of a device with driver ${driver}, not ${relid}`);
    }
  }
}

/** Relids that a device names and where in it they stand. */
function relidsOf(device: DeviceOptions): { relid: Relid; path: Path }[] {
  const { subChannels = [] } = 'subChannels' in device ? device : {};
  return [
    { relid: device.relid, path: ['relid'] },
    ...relidsOfList(subChannels).map((relid, i) => ({
      relid,
      path: ['subChannels', i],
    })),
  ];
}
