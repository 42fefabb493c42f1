import type { CpuId } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import { irqSetAffinityUnderLock } from '../../irq/affinity/affinity.js';
import type { VmbusChannel } from '../channel/channel.js';
import { VMBUS_CONNECT_CPU } from '../channel/placement.js';
import type { ConnectionPort } from '../connection/port.js';
import { VERSION_WIN10_V5_3 } from '../protocol/channel-messages.js';

/** What becomes of the channels that interrupt a CPU when that goes offline. */
export interface OfflinePolicy {
  /**
   * Moves `channels`, which interrupt `cpu`, or not. The caller holds channel_mutex and has CPU hotplug for itself.
   *
   * @returns 0 if none of them interrupts the CPU any more; else what its going fails with, a negative errno.
   */
  leave(cpu: CpuId, channels: readonly VmbusChannel[]): Procedure<number>;
}

/** Their users must move them first: the RFC, and mainline up to 6.14 (drivers/hv/hv.c hv_synic_cleanup of 6.1 and 6.12). */
export class RefuseOffline implements OfflinePolicy {
  *leave(_cpu: CpuId, channels: readonly VmbusChannel[]): Procedure<number> {
    return channels.length === 0 ? 0 : errnoValue('EBUSY');
  }
}

/**
 * They are moved, each to an online CPU by chance, if the host says when it has followed (drivers/hv/hv.c hv_pick_new_cpu
 * and hv_synic_cleanup, compared with 7.2). A closed channel cannot be moved and keeps its CPU online.
 */
export class MigrateOnOffline implements OfflinePolicy {
  constructor(protected readonly connection: ConnectionPort) {}

  *leave(_cpu: CpuId, channels: readonly VmbusChannel[]): Procedure<number> {
    for (const channel of channels) {
      const ret = yield* this.pickNewCpu(channel);
      if (ret !== 0) return ret;
    }
    return 0;
  }

  /** hv_pick_new_cpu: the first CPU that can have it, from a random one on; else the connect CPU. */
  protected *pickNewCpu(channel: VmbusChannel): Procedure<number> {
    const { machine, modifyChannel, prng, version } = this.connection;
    if (version < VERSION_WIN10_V5_3) return errnoValue('EBUSY');
    const { nrCpuIds, online } = machine;
    const start = prng.below(nrCpuIds);
    for (let i = 0; i < nrCpuIds; i++) {
      const cpu = (start + i) % nrCpuIds;
      if (!online.has(cpu) || cpu === channel.targetCpu) continue;
      if ((yield* modifyChannel.setCpu(channel, cpu)) === 0) return 0;
    }
    return yield* modifyChannel.setCpu(channel, VMBUS_CONNECT_CPU);
  }
}

/**
 * What the RFC's cover letter leaves to another patch set: a way for Linux' own migration of interrupts to work for
 * channels. It says no more than that the migration comes too late to know when the host has followed; so here each
 * channel's IRQ gets the affinity that the migration would give it, while there is still time to wait for the host
 * (`modifyChannel: wait-on-offline`). Of channels without IRQs, any online CPU will do.
 */
export class RfcIdea implements OfflinePolicy {
  constructor(private readonly connection: ConnectionPort) {}

  *leave(cpu: CpuId, channels: readonly VmbusChannel[]): Procedure<number> {
    for (const channel of channels) {
      const ret = this.migrate(channel, cpu);
      if (ret !== 0) return ret;
    }
    return 0;
  }

  /** The channel's own affinity as far as it stays online, or all online CPUs (irq_fixup_move_pending, migrate_one_irq). */
  private migrate(channel: VmbusChannel, cpu: CpuId): number {
    const { irq, machine, relids } = this.connection;
    const others = machine.online.clone();
    others.clear(cpu);
    const desc = channel.irq === 0 ? undefined : irq.desc(channel.irq);
    if (desc === undefined) return relids.setTargetCpu(channel, others.first());
    const wanted = desc.data.affinity.and(others);
    return irqSetAffinityUnderLock(irq, channel.irq, wanted.isEmpty ? others : wanted);
  }
}
