import type { CpuId, Relid } from '../../lib/brand.js';
import { MemoryWord, memoryBarrier } from '../../machine/memory.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';
import { PlainRelidMap } from './plain-map.js';

/**
 * Relid → channel by one array for all CPUs (vmbus_connection.channels: "Replace the per-CPU channel lists with a global
 * array of channels", April 2020), so that nothing changes when a channel moves.
 *
 * ```
 * offer work (vmbus_channel_map_relid)     host                       interrupt on another CPU
 * channels[relid] = channel
 * barrier
 * messages for the channel                 answers, then signals      channels[relid]
 * ```
 * Forbidden: the interrupt does not see the channel.
 */
export class ArrayRelidMap extends PlainRelidMap {
  /** As long as the highest relid so far wants, up to MAX_CHANNEL_RELIDS. */
  private readonly channels: (VmbusChannel | undefined)[] = [];
  /** Whether `channels` has an entry, as the CPUs see it; made on first use. */
  private readonly entries: (MemoryWord | undefined)[] = [];

  *map(channel: VmbusChannel): Procedure<boolean> {
    const { relid } = channel;
    const entry = this.entry(relid);
    yield entry.write;
    this.channels[relid] = channel;
    entry.store(1);
    yield* this.publish();
    return true;
  }

  *unmap({ relid }: VmbusChannel): Procedure<void> {
    const entry = this.entry(relid);
    yield entry.write;
    entry.store(0);
  }

  relid2channel(relid: Relid): VmbusChannel | undefined {
    return this.entries[relid]?.load() === 1 ? this.channels[relid] : undefined;
  }

  *moved(): Procedure<void> {}

  remove(): void {}

  protected find(relid: Relid): VmbusChannel | undefined {
    return this.relid2channel(relid);
  }

  protected *findSteps(relid: Relid, _cpu: CpuId): Procedure<VmbusChannel | undefined> {
    yield this.entry(relid).read;
    return this.relid2channel(relid);
  }

  /** Lets the entry be seen before anything that the channel's owner does next (virt_store_mb). */
  protected *publish(): Procedure<void> {
    yield memoryBarrier;
  }

  private entry(relid: Relid): MemoryWord {
    let entry = this.entries[relid];
    if (entry === undefined) {
      entry = new MemoryWord(`channels[${relid}]`);
      while (this.entries.length < relid) {
        this.entries.push(undefined);
        this.channels.push(undefined);
      }
      this.entries[relid] = entry;
    }
    return entry;
  }
}

/** The same without the barrier. */
export class UnorderedArrayRelidMap extends ArrayRelidMap {
  protected override *publish(): Procedure<void> {}
}
