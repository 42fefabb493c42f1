import { WaitQueue } from '../../machine/completion.js';
import { Lock } from '../../machine/lock.js';
import type { Proc } from '../../machine/step.js';
import {
  NVSP,
  nvspMessage,
  nvspType,
  RNDIS_COMPLETION,
  type RndisMessage,
  rndisOf,
  rndisPacket,
} from '../../host/protocols/network.js';
import type { ChannelOperations } from '../../vmbus/channel-open.js';
import type { VmbusDevice } from '../../vmbus/driver.js';
import { COMPLETION_REQUESTED, VM_PKT } from '../../vmbus/ring.js';
import { Conversation } from './conversation.js';
import { type HostPacket, tryToSend } from './packets.js';

/** A buffer shared with the host. */
export interface NetvscBuffer {
  readonly pfn: number;
  /** Undefined until the host has it. */
  gpadl: number | undefined;
}

/**
 * One network adapter (struct netvsc_device, struct rndis_device).
 *
 * Access rules: all but `openChannels` changes under `rtnl`; `openChannels` under the sub-channel queue's order.
 */
export class NetvscDevice {
  /** Held by whoever sets the adapter up or takes it down (rtnl_lock; here one for each adapter). */
  readonly rtnl: Lock;
  /** The adapter can be used: between the end of deviceAdd and the beginning of deviceRemove. */
  attached = false;
  /** Channels in use, or asked for (num_chn), and the most that there can be (max_chn). */
  channels = 1;
  maxChannels = 1;
  /** Channels whose opening has been tried (open_chn). */
  openChannels = 1;
  readonly buffers: NetvscBuffer[] = [];
  readonly conversation: Conversation;
  /** Woken when the last expected sub-channel is open (subchan_open). */
  readonly subChannelsOpen: WaitQueue;
  /** Woken when the host is done with all that was sent (wait_drain). */
  private readonly drained: WaitQueue;
  private sends = 0;
  private requestId = 0;

  constructor(
    private readonly operations: ChannelOperations,
    readonly device: VmbusDevice,
  ) {
    const { channel } = device;
    const name = `netvsc ${channel.relid}`;
    this.rtnl = new Lock(`rtnl of ${name}`);
    this.conversation = new Conversation(operations, channel);
    this.subChannelsOpen = new WaitQueue(
      `sub-channels of ${name}`,
      () => this.openChannels === this.channels || channel.rescind,
    );
    this.drained = new WaitQueue(`sends of ${name}`, () => this.sends === 0 || channel.rescind);
    channel.rescindWaits.push(this.subChannelsOpen, this.drained);
  }

  /** Starts over with the primary channel alone. */
  reset(): void {
    this.channels = 1;
    this.maxChannels = 1;
    this.openChannels = 1;
    this.sends = 0;
    this.buffers.length = 0;
  }

  /** Asks the other side's RNDIS layer and waits for the answer (rndis_filter_query_device and the like). */
  *rndisRequest(type: number, oid = 0, value = 0): Proc<RndisMessage> {
    const { conversation } = this;
    const message = rndisPacket({ type, requestId: ++this.requestId, oid, value });
    conversation.expect();
    conversation.send(message, COMPLETION_REQUESTED, VM_PKT.DATA_USING_GPA_DIRECT);
    this.sends += 1;
    return rndisOf(yield* conversation.wait());
  }

  /** Sends a RNDIS message that has no answer, and waits until the host has taken all (rndis_filter_halt_device). */
  *rndisHalt(type: number): Proc<void> {
    const message = rndisPacket({ type, requestId: ++this.requestId, oid: 0, value: 0 });
    if (this.conversation.trySend(message, COMPLETION_REQUESTED, VM_PKT.DATA_USING_GPA_DIRECT))
      this.sends += 1;
    yield* this.drained.wait();
  }

  /** A packet of the host (netvsc_process_raw_pkt). */
  receive({ type, payload, transactionId }: HostPacket): void {
    if (type === VM_PKT.DATA_USING_XFER_PAGES) {
      if ((rndisOf(payload).type & RNDIS_COMPLETION) !== 0) this.conversation.receive(payload);
      this.giveBack(transactionId);
    } else if (type === VM_PKT.COMP) {
      if (nvspType(payload) === NVSP.SEND_RNDIS_PKT_COMPLETE) this.sendCompleted();
      else this.conversation.receive(payload);
    }
  }

  private sendCompleted(): void {
    if (this.sends > 0) this.sends -= 1;
    this.drained.wakeUp();
  }

  /** Tells the host that its part of the receive buffer is free again (send_recv_completions). */
  private giveBack(transactionId: number): void {
    const { operations, device } = this;
    const completion = nvspMessage(NVSP.SEND_RNDIS_PKT_COMPLETE, 1);
    tryToSend(() => operations.sendPacket(device.channel, completion, transactionId, 0, VM_PKT.COMP));
  }
}
