import type { CpuId } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { CpuMask } from '../../machine/cpumask.js';
import { SharedVar } from '../../machine/shared-var.js';
import { type Procedure, runAtomic } from '../../machine/step.js';
import type { VmbusChannel } from './channel.js';
import type { ConnectionPort } from '../connection/port.js';
import { CHANNELMSG, VERSION_WIN10_V4_1 } from '../protocol/channel-messages.js';

/** Has the host interrupt other CPUs for channels (RFC patches 10 to 12, drivers/hv/vmbus_drv.c vmbus_irq_set_affinity). */
export class ChannelMover {
  /** CPU chosen last, for any channel: the next choice starts behind it. */
  private readonly nextCpu = new SharedVar<CpuId>('next_cpu', 0);

  constructor(private readonly connection: ConnectionPort) {}

  /** As `move`, for callers that must not sleep. */
  moveAtomic(channel: VmbusChannel, dest: CpuMask): number {
    return runAtomic(this.move(channel, dest));
  }

  /**
   * Has the host interrupt a CPU of `dest`. Does not wait for the host to follow: until then events still arrive on the
   * old CPU and are handled there.
   *
   * ```
   * this CPU                                    CPU taking `cpu` offline (hv_synic_cleanup)
   * lock                                        lock
   * cpu in synic_online?                        clear cpu in synic_online
   * MODIFYCHANNEL to cpu, modchan_sent + 1      any channel on cpu?  → refuse
   * target = cpu                                unlock
   * unlock                                      wait for modchan_sent MODIFYCHANNELs
   * ```
   * Forbidden: a channel ends up on a CPU whose synic is off (races/affinity-vs-offline, races/modchan-offline).
   *
   * @returns 0; -EINVAL if no CPU of `dest` may be used or the host knows no MODIFYCHANNEL; -EIO if the channel is
   *   not open.
   */
  *move(channel: VmbusChannel, dest: CpuMask): Procedure<number> {
    const { connection } = this;
    const { guard } = connection;
    const oldCpu = channel.targetCpu;
    yield* guard.lock();
    const ret = yield* this.retarget(channel, dest);
    yield* guard.unlock();
    if (ret < 0) return ret;
    const newCpu = channel.targetCpu;
    if (newCpu !== oldCpu) yield* channelMoved(connection, channel, oldCpu, newCpu);
    return 0;
  }

  private *retarget(channel: VmbusChannel, dest: CpuMask): Procedure<number> {
    const { connection } = this;
    const allowed = dest.andNot(connection.machine.isolated);
    if (allowed.has(yield* channel.target.getSteps())) return 0;
    const usable = yield* connection.guard.usable(allowed);
    const after = usable.next(this.nextCpu.get());
    const cpu = after >= 0 ? after : usable.first();
    if (cpu < 0) return errnoValue('EINVAL');
    this.nextCpu.set(cpu);
    if ((yield* channel.stateVar.getSteps()).kind !== 'opened') return errnoValue('EIO');
    if (connection.version < VERSION_WIN10_V4_1) return errnoValue('EINVAL');
    yield* connection.postSteps({
      type: CHANNELMSG.MODIFYCHANNEL,
      childRelid: channel.relid,
      targetVp: connection.host.vpIndex(cpu),
    });
    yield* connection.modchans.sentOneSteps();
    yield* channel.target.setSteps(cpu);
    return 0;
  }
}

/** Tells those who go by a channel's CPU that it has another one. */
export function* channelMoved(
  { relids, placement }: ConnectionPort,
  channel: VmbusChannel,
  oldCpu: CpuId,
  newCpu: CpuId,
): Procedure<void> {
  yield* relids.moved(channel, oldCpu, newCpu);
  if (channel.isPerf) placement.update(oldCpu, newCpu);
  channel.primaryOrSelf.device?.targetCpuChanged(channel, oldCpu, newCpu);
}
