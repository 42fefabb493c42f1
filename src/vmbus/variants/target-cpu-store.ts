import type { CpuId } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';
import { channelMoved } from '../channel/mover.js';
import type { ConnectionPort } from '../connection/port.js';
import { MessageRequest, RetakingRequest } from '../connection/requests.js';
import {
  type ChannelMessage,
  CHANNELMSG,
  type ModifyChannelResponse,
  VERSION_WIN10_V4_1,
  VERSION_WIN10_V5_3,
} from '../protocol/channel-messages.js';

/**
 * A write to a channel's `cpu` file in kernels without the RFC (drivers/hv/vmbus_drv.c target_cpu_store and
 * vmbus_channel_set_cpu, channel.c vmbus_send_modifychannel, 5.13 to 7.2). On hosts of 5.3 and later the writer waits for
 * MODIFYCHANNEL_RESPONSE with channel_mutex released, since a rescind, which ends the wait, takes it.
 *
 * ```
 * writer to CPU 0                            writer to CPU 2, or close and open
 * lock; state opened?                        lock; state opened?
 * MODIFYCHANNEL to 0; unlock                 MODIFYCHANNEL to 2; unlock
 * response of this channel?                  response of this channel?
 * lock; target = 0; unlock                   lock; target = 2; unlock
 * ```
 * Forbidden, and it happens: the order of the stores is not that of the messages, so the host signals another CPU than
 * `target`. And both responses go to the writer that is first on the list, as long as it has not run; the other one
 * waits for ever (races/affinity-writers).
 */
export class TargetCpuStore {
  constructor(protected readonly connection: ConnectionPort) {}

  /** @returns 0, or -EINVAL, or -EIO, as the write does. */
  *store(channel: VmbusChannel, cpu: CpuId): Procedure<number> {
    const { channelMutex, machine } = this.connection;
    const never = this.refusal(cpu);
    if (never !== 0) return never;
    yield* machine.hotplug.cpusReadLock();
    yield* channelMutex.lock();
    const ret = yield* this.setOnline(channel, cpu);
    yield* channelMutex.unlock();
    yield* machine.hotplug.cpusReadUnlock();
    return ret;
  }

  /** vmbus_channel_set_cpu: the same for callers that hold both locks. */
  *setCpu(channel: VmbusChannel, cpu: CpuId): Procedure<number> {
    const never = this.refusal(cpu);
    return never === 0 ? yield* this.setOnline(channel, cpu) : never;
  }

  /** Why no channel can go to the CPU, whatever becomes of it; 0 if one can. */
  private refusal(cpu: CpuId): number {
    const { machine, version } = this.connection;
    if (version < VERSION_WIN10_V4_1) return errnoValue('EIO');
    return machine.isolated.has(cpu) ? errnoValue('EINVAL') : 0;
  }

  private *setOnline(channel: VmbusChannel, cpu: CpuId): Procedure<number> {
    const { online } = this.connection.machine;
    yield online.shared.read;
    if (!online.has(cpu)) return errnoValue('EINVAL');
    if ((yield* channel.stateVar.getSteps()).kind !== 'opened') return errnoValue('EIO');
    const oldCpu = yield* channel.target.getSteps();
    if (oldCpu === cpu) return 0;
    if (this.connection.version < VERSION_WIN10_V5_3) {
      if ((yield* this.send(channel, cpu)) !== 0) return errnoValue('EIO');
      yield* this.setTarget(channel, oldCpu, cpu);
      return 0;
    }
    if ((yield* this.sendAndSet(channel, oldCpu, cpu)) !== 0) return errnoValue('EIO');
    return 0;
  }

  /**
   * Sends MODIFYCHANNEL, waits for the answer, and notes the channel's CPU.
   *
   * @returns the answer's status, or the negative errno if the host does not take the message.
   */
  protected *sendAndSet(channel: VmbusChannel, oldCpu: CpuId, cpu: CpuId): Procedure<number> {
    const request = new RetakingRequest('MODIFYCHANNEL_RESPONSE', isAnswerFor(channel), channel);
    this.connection.requests.add(request);
    const ret = yield* this.sendFor(request, channel, cpu);
    if (ret !== 0) return ret;
    const status = yield* this.awaitAnswer(request);
    if (status === 0) yield* this.setTarget(channel, oldCpu, cpu);
    return status;
  }

  private *send({ relid }: VmbusChannel, cpu: CpuId): Procedure<number> {
    const targetVp = this.connection.host.vpIndex(cpu);
    return yield* this.connection.postMsg({ type: CHANNELMSG.MODIFYCHANNEL, childRelid: relid, targetVp });
  }

  /** The same with a request for the answer, which goes if the host does not take the message. */
  protected *sendFor(
    request: MessageRequest<ModifyChannelResponse>,
    channel: VmbusChannel,
    cpu: CpuId,
  ): Procedure<number> {
    const ret = yield* this.send(channel, cpu);
    if (ret !== 0) this.connection.requests.remove(request);
    return ret;
  }

  /** Waits with the mutex released. @returns the status; 0, too, if the channel was rescinded. */
  protected *awaitAnswer(request: MessageRequest<ModifyChannelResponse>): Procedure<number> {
    const { channelMutex, requests } = this.connection;
    yield* channelMutex.unlock();
    const response = yield* request.wait();
    yield* channelMutex.lock();
    requests.remove(request);
    return response?.status ?? 0;
  }

  protected *setTarget(channel: VmbusChannel, oldCpu: CpuId, cpu: CpuId): Procedure<void> {
    yield* channel.target.setSteps(cpu);
    yield* channelMoved(this.connection, channel, oldCpu, cpu);
  }
}

/** Waits with the mutex held: writers come one after the other, and a rescind cannot end the wait. */
export class MutexHeldStore extends TargetCpuStore {
  protected override *awaitAnswer(request: MessageRequest<ModifyChannelResponse>): Procedure<number> {
    const response = yield* request.wait();
    this.connection.requests.remove(request);
    return response?.status ?? 0;
  }
}

/**
 * Notes the channel's CPU right after the message, in the same critical section, and takes it back if the host refuses;
 * an answer goes to the first request that has none. What the RFC does, but with a writer that waits.
 */
export class TargetFirstStore extends TargetCpuStore {
  protected override *sendAndSet(channel: VmbusChannel, oldCpu: CpuId, cpu: CpuId): Procedure<number> {
    const request = new MessageRequest('MODIFYCHANNEL_RESPONSE', isAnswerFor(channel), channel);
    this.connection.requests.add(request);
    const ret = yield* this.sendFor(request, channel, cpu);
    if (ret !== 0) return ret;
    yield* this.setTarget(channel, oldCpu, cpu);
    const status = yield* this.awaitAnswer(request);
    if (status !== 0 && (yield* channel.target.getSteps()) === cpu)
      yield* this.setTarget(channel, cpu, oldCpu);
    return status;
  }
}

function isAnswerFor({ relid }: VmbusChannel): (answer: ChannelMessage) => answer is ModifyChannelResponse {
  return (answer): answer is ModifyChannelResponse =>
    answer.type === CHANNELMSG.MODIFYCHANNEL_RESPONSE && answer.childRelid === relid;
}
