import { ErrnoError } from '../../lib/errno.js';
import { WaitQueue } from '../../machine/completion.js';
import { netClassDevice } from '../../machine/class-device.js';
import type { Lock } from '../../machine/lock.js';
import { type NetDevice, netDevices } from '../../machine/net-devices.js';
import { inFrame, type Procedure, SharedWord } from '../../machine/step.js';
import { WorkItem } from '../../machine/workqueue.js';
import {
  carriesFrame,
  NO_SECTION,
  NVSP,
  nvspType,
  nvspWord,
  PACKET_FILTER,
  RNDIS_COMPLETION,
  type RndisMessage,
  rndisOf,
  rndisPacket,
  SEND_TABLE_SIZE,
} from '../../host/protocols/network.js';
import { payloadWord } from '../../host/protocols/words.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import { COMPLETION_REQUESTED, VM_PKT } from '../../vmbus/ring/index.js';
import { Conversation } from '../conversation/conversation.js';
import { type HostPacket, tryToSend } from '../conversation/packets.js';
import { devPrintk } from '../dev-printk.js';
import type { NetvscPages } from './options.js';
import { NetvscVf } from './vf.js';
import { NetvscChannel, type NetvscShared, type NetvscStatistics } from './channel.js';
import { type Frame, TxQueue } from './tx-queue.js';

/** Sections of the send buffer: whole ones of 6144 bytes in 1 MiB. */
const SEND_SECTIONS = 170;

/** What an adapter has from its driver. */
export interface NetvscKit {
  /** What the work of an adapter's sub-channels does. */
  readonly subchanWork: (adapter: NetvscDevice) => Procedure<void>;
  /** A rescind ends the adapter's waits for the host, which it does in no kernel. */
  readonly endsWithRescind: boolean;
  readonly pages: NetvscPages;
}

/** A buffer shared with the host. */
export interface NetvscBuffer {
  readonly pfn: number;
  /** Undefined until the host has it. */
  gpadl: number | undefined;
}

/**
 * One network adapter (struct netvsc_device, struct rndis_device).
 *
 * Access rules: all but `openChannels` change under `rtnl`; `openChannels` under the sub-channel queue's order.
 */
export class NetvscDevice implements NetvscShared {
  /** Held by whoever sets an adapter up or takes one down. */
  readonly rtnl: Lock;
  /** Opens the sub-channels behind probe (struct netvsc_device subchan_work). */
  readonly subchanWork: WorkItem;
  /** The adapter can be used: between the end of deviceAdd and the beginning of deviceRemove. */
  attached = false;
  /** The interface is up: frames come and go (netif_running). */
  isUp = false;
  txDisabled = false;
  /** Which frames the host lets through (filter of struct rndis_device). */
  packetFilter: number = PACKET_FILTER.NONE;
  /** The channel of each hash of what comes, where the user has said so (netif_is_rxfh_configured). */
  receiveTable: readonly number[] | undefined;
  /** The most channels that there can be (max_chn). */
  maxChannels = 1;
  readonly pages: NetvscPages;
  private count = 1;
  private openCount = 1;
  /** The word of both, which the work of sub-channels and those who wait for it share. */
  private readonly countsWord: SharedWord;
  readonly buffers: NetvscBuffer[] = [];
  readonly conversation: Conversation;
  /** Woken when the last expected sub-channel is open (subchan_open). */
  readonly subChannelsOpen: WaitQueue;
  /** Woken when the host is done with all that was sent (wait_drain). */
  private readonly drained: WaitQueue;
  private requestId = 0;
  private netDevice: NetDevice | undefined;
  /** Ethernet address, once the host has said it. */
  address = '';
  /** The virtual function beside the adapter, if there is one. */
  readonly vf: NetvscVf;
  readonly statistics: NetvscStatistics = { transmitted: 0, received: 0, dropped: 0, stops: 0 };
  /** Open channels by their index (chan_table). */
  private table: (NetvscChannel | undefined)[] = [];
  /** Channel index for each hash of what is sent (tx_table). */
  private readonly sendTable: number[] = new Array<number>(SEND_TABLE_SIZE).fill(0);
  private freeSections: number[] = [];
  /** Transmit queues by their index, as far as frames have come to them. */
  private readonly txQueues: TxQueue[] = [];

  constructor(
    readonly operations: ChannelOperations,
    private readonly driver: VmbusDriver,
    readonly device: VmbusDevice,
    { subchanWork, endsWithRescind, pages }: NetvscKit,
  ) {
    const { channel } = device;
    const name = `netvsc ${channel.relid}`;
    const isTakenBack = (): boolean => endsWithRescind && channel.rescind;
    this.vf = new NetvscVf(this);
    this.rtnl = netDevices(channel.machine).rtnl;
    this.pages = pages;
    this.subchanWork = new WorkItem('netvsc_subchan_work', () => subchanWork(this));
    this.conversation = new Conversation(operations, channel, endsWithRescind);
    this.countsWord = new SharedWord(`num_chn of ${name}`);
    this.subChannelsOpen = new WaitQueue(
      `sub-channels of ${name}`,
      () => this.openCount === this.count || isTakenBack(),
    );
    this.drained = new WaitQueue(`sends of ${name}`, () => this.isIdle || isTakenBack());
    channel.rescindWaits.add(this.subChannelsOpen);
    channel.rescindWaits.add(this.drained);
  }

  /** Channels in use, or asked for (num_chn). */
  get channels(): number {
    this.countsWord.announceRead();
    return this.count;
  }

  set channels(count: number) {
    this.countsWord.announce();
    this.count = count;
  }

  /** Channels whose opening has been tried (open_chn). */
  get openChannels(): number {
    this.countsWord.announceRead();
    return this.openCount;
  }

  set openChannels(count: number) {
    this.countsWord.announce();
    this.openCount = count;
  }

  /** The primary channel, while there is one. */
  get primaryChannel(): NetvscChannel | undefined {
    return this.table[0];
  }

  /** The interface of the adapter, since register_netdevice at the end of its probe. */
  get interface(): NetDevice | undefined {
    return this.netDevice;
  }

  /** The interface's name, which alloc_etherdev_mq leaves to be completed. */
  get interfaceName(): string {
    return this.netDevice?.name ?? 'eth%d';
  }

  /** The adapter gets its interface (register_netdevice). */
  register(): void {
    const { device, address } = this;
    this.netDevice = netDevices(device.channel.machine).add({ address });
    device.classDevices = [netClassDevice(this.netDevice)];
    this.renameOpenChannels();
  }

  /** The channels that were opened before the interface had its name. */
  private renameOpenChannels(): void {
    const { operations, interfaceName } = this;
    for (const [index, open] of this.table.entries()) {
      const name = operations.netvscNames.afterRegister(interfaceName, index);
      if (open !== undefined && name !== undefined) operations.rename(open.channel, name);
    }
  }

  /** The interface goes (unregister_netdevice). */
  unregister(): void {
    const { device, netDevice } = this;
    if (netDevice !== undefined) netDevices(device.channel.machine).delete(netDevice);
    this.netDevice = undefined;
    device.classDevices = [];
  }

  /** Starts over without channels. */
  reset(): void {
    this.channels = 1;
    this.maxChannels = 1;
    this.openChannels = 1;
    this.buffers.length = 0;
    this.packetFilter = PACKET_FILTER.NONE;
    this.vf.reset();
    for (const channel of this.table) channel?.reset();
    this.table = [];
    this.sendTable.fill(0);
    this.freeSections = Array.from({ length: SEND_SECTIONS }, (_, i) => SEND_SECTIONS - 1 - i);
  }

  /** A channel is about to be opened. */
  addChannel(channel: VmbusChannel): NetvscChannel {
    const added = new NetvscChannel(this.operations, channel, this);
    this.table[channel.offer.subChannelIndex] = added;
    return added;
  }

  /** Spreads what is sent over all channels; what waits for others is lost (rndis_set_subchannel). */
  spread(): void {
    const { channels, txQueues } = this;
    for (let i = 0; i < SEND_TABLE_SIZE; i++) this.sendTable[i] = i % channels;
    for (const queue of txQueues.splice(channels)) this.statistics.dropped += queue.reset();
  }

  /** Sends a frame by the queue that its hash leads to, where it may have to wait (netvsc_pick_tx). */
  transmit(frame: Frame): void {
    if (this.isUp && this.vf.transmit(frame.hash)) return;
    const index = this.sendTable[frame.hash & (SEND_TABLE_SIZE - 1)] % this.channels;
    if (!(this.isUp && this.txQueue(index).transmit(frame))) this.statistics.dropped += 1;
  }

  private txQueue(index: number): TxQueue {
    for (let i = this.txQueues.length; i <= index; i++) this.txQueues.push(this.newTxQueue(i));
    return this.txQueues[index];
  }

  private newTxQueue(index: number): TxQueue {
    const { channel } = this.device;
    const queue = new TxQueue(`${channel.relid}/${index}`, channel.machine, (frame, queue) => {
      const chosen = this.table[index];
      // A sub-channel that is still being opened carries nothing: the primary channel does.
      const open = chosen?.channel.state.kind === 'opened' ? chosen : this.table[0];
      if (this.attached && open !== undefined) return open.send(frame, queue);
      this.statistics.dropped += 1;
      return true;
    });
    if (this.txDisabled) queue.stop();
    return queue;
  }

  /** No queue sends before all do again (netvsc_tx_disable). */
  disableTx(): void {
    this.txDisabled = true;
    for (const queue of this.txQueues) queue.stop();
  }

  /** All queues send, what waits in front of them first (netvsc_tx_enable, netif_device_attach). */
  enableTx(): void {
    this.txDisabled = false;
    for (const queue of this.txQueues) queue.wake();
  }

  /** What waits to be sent is lost (dev_deactivate). */
  dropQueued(): void {
    for (const queue of this.txQueues) this.statistics.dropped += queue.reset();
  }

  getNextSendSection(): number {
    return this.freeSections.pop() ?? NO_SECTION;
  }

  freeSendSection(section: number): void {
    if (section !== NO_SECTION) this.freeSections.push(section);
  }

  idle(): void {
    if (!this.attached) this.drained.wakeUp();
  }

  /** Neither host nor guest has left anything unread in the rings, nor is a poll on its way. */
  get ringsAreEmpty(): boolean {
    return this.table.every((channel) => channel === undefined || channel.ringsAreEmpty);
  }

  private get isIdle(): boolean {
    return this.table.every((channel) => channel === undefined || channel.isIdle);
  }

  /** Asks the other side's RNDIS layer and waits for the answer (rndis_filter_query_device and the like). */
  *rndisRequest(type: number, oid = 0, value = 0, table?: readonly number[]): Procedure<RndisMessage> {
    const { conversation } = this;
    const message = rndisPacket({ type, requestId: ++this.requestId, oid, value, table });
    conversation.expect();
    this.sendRndis(message);
    return rndisOf(yield* conversation.wait());
  }

  /** Sends a RNDIS message that has no answer, and waits until the host has taken all (rndis_filter_halt_device). */
  *rndisHalt(type: number): Procedure<void> {
    const message = rndisPacket({ type, requestId: ++this.requestId, oid: 0, value: 0 });
    tryToSend(() => this.sendRndis(message));
    yield* inFrame('rndis_filter_halt_device', this.drained.wait());
  }

  /** Counts the message before the host can complete it. @throws ErrnoError as Conversation.send. */
  private sendRndis(message: Uint8Array): void {
    this.countSend(1);
    try {
      this.conversation.send(message, COMPLETION_REQUESTED, VM_PKT.DATA_USING_GPA_DIRECT);
    } catch (error) {
      this.countSend(-1);
      throw error;
    }
  }

  /** Sorts a host packet by its type; control messages belong to the primary channel (netvsc_process_raw_pkt). */
  receive(packet: HostPacket, from: NetvscChannel): void {
    const { type } = packet;
    if (type === VM_PKT.DATA_USING_XFER_PAGES && carriesFrame(packet)) {
      this.statistics.received += 1;
      from.completeReceive(packet.transactionId);
      return;
    }
    const payload = packet.payload();
    const isPrimary = from.channel === this.device.channel;
    if (type === VM_PKT.DATA_USING_XFER_PAGES) {
      if (isPrimary && (rndisOf(payload).type & RNDIS_COMPLETION) !== 0) this.conversation.receive(payload);
      from.completeReceive(packet.transactionId);
    } else if (type === VM_PKT.DATA_INBAND) {
      if (nvspType(payload) === NVSP.SEND_INDIRECTION_TABLE) this.setSendTable(payload);
      else if (nvspType(payload) === NVSP.SEND_VF_ASSOCIATION) this.vf.associate(payload);
    } else if (type === VM_PKT.COMP && isPrimary) {
      if (nvspType(payload) === NVSP.SEND_RNDIS_PKT_COMPLETE) this.sendCompleted(from);
      else this.conversation.receive(payload);
    }
  }

  /** The host says which channel each hash of what is sent leads to (netvsc_send_table). */
  private setSendTable(message: Uint8Array): void {
    const count = nvspWord(message, 0);
    const offset = nvspWord(message, 1);
    if (count !== SEND_TABLE_SIZE) {
      this.printk(`Received wrong send-table size:${count}`);
    } else if (offset % 4 !== 0 || offset > message.length - 4 * count) {
      this.printk(`Received send-table offset too big:${offset}`);
    } else {
      for (let i = 0; i < count; i++) this.sendTable[i] = payloadWord(message, offset / 4 + i);
    }
  }

  /** A line of the log about the interface, which has no name before it is registered (netdev_printk). */
  printk(text: string, priority?: number): void {
    const name = this.netDevice?.name ?? '(unnamed net_device) (uninitialized)';
    devPrintk({ name: this.driver.name, about: name }, this.device, text, false, priority);
  }

  /** Does `work`; if that fails, the log says so. @throws ErrnoError what it failed with. */
  *tellingOf<T>(text: (errno: number) => string, work: Procedure<T>): Procedure<T> {
    try {
      return yield* work;
    } catch (error) {
      if (error instanceof ErrnoError) this.printk(text(error.errno));
      throw error;
    }
  }

  private countSend(change: 1 | -1): void {
    const [primary] = this.table;
    if (primary !== undefined) primary.queueSends += change;
  }

  private sendCompleted(from: NetvscChannel): void {
    if (from.queueSends > 0) this.countSend(-1);
    from.wakeQueues();
    this.drained.wakeUp();
  }
}

/** The error of using an adapter that no driver serves now. */
export function outOfService({ instanceId }: VmbusDevice): ErrnoError {
  return new ErrnoError('ENODEV', `the network adapter ${instanceId} is not in service`);
}

/** @throws ErrnoError ENODEV if the adapter is not in service. */
export function requireService({ attached, device }: NetvscDevice): void {
  if (!attached) throw outOfService(device);
}
