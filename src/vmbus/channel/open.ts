import type { Relid } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { inFrame, type Procedure } from '../../machine/step.js';
import type { ChannelCallback, ChannelRings, VmbusChannel } from './channel.js';
import type { HypervBehaviour } from '../kernel.js';
import type { ModuleParameters } from '../module-parameters.js';
import type { VmbusConnection } from '../connection/connection.js';
import { gpadlMessages } from '../gpadl.js';
import { type GuestMemory, HV_HYP_PAGE_SIZE } from '../guest-memory.js';
import type { RetargetInterrupt } from '../host-port.js';
import type { Guid } from '../protocol/guid.js';
import { resetChannelCb } from './handler.js';
import {
  CHANNELMSG,
  type ChannelMessage,
  type GpadlCreated,
  type GpadlTorndown,
  type OpenChannelResult,
} from '../protocol/channel-messages.js';
import type { Refusal } from '../refusals.js';
import { INVALID_RELID } from '../relid-map.js';
import { RING_WRITE, RingBuffer, type RingError, VM_PKT } from '../ring/index.js';
import type { FlowControl } from '../variants/flow-control.js';
import type { NetvscNames } from '../variants/netvsc-names.js';
import { traceSetevent } from '../trace.js';
import { RingReader } from '../ring/reader.js';
import { RingWriter } from '../ring/writer.js';

/** Header page and data pages of each of a channel's rings, unless the driver wants others. */
export const DEFAULT_RING_PAGES = 5;

/** How a channel is opened. */
export interface OpenOptions {
  readonly callback: ChannelCallback;
  /** Pages of each ring, its header page included; 2 or more. Default DEFAULT_RING_PAGES. */
  readonly ringPages?: number;
}

/** Opening, using and closing channels (drivers/hv/channel.c): what drivers call. */
export class ChannelOperations {
  constructor(private readonly connection: VmbusConnection) {}

  /** Protocol version agreed on with the host, as on the wire (vmbus_proto_version). */
  get protocolVersion(): number {
    return this.connection.version;
  }

  /** What the guest's kernel does differently from others. */
  get kernel(): HypervBehaviour {
    return this.connection.behaviour;
  }

  /** What the guest does about full rings. */
  get flowControl(): FlowControl {
    return this.connection.design.flowControl;
  }

  /** What netvsc calls the interrupts of its channels. */
  get netvscNames(): NetvscNames {
    return this.connection.design.netvscNames;
  }

  /**
   * Calls a channel's interrupt otherwise from now on, also after it was requested: its action has a pointer to the
   * channel's text, while the directory in /proc/irq was made of that text.
   */
  rename(channel: VmbusChannel, irqName: string): void {
    channel.irqName = irqName;
    const actions = this.connection.irq.desc(channel.irq)?.actions() ?? [];
    for (const action of actions) if (action.devId === channel) action.name = channel.irqName;
  }

  /** Handlers of interrupts are forced into threads. */
  get threadirqs(): boolean {
    return this.connection.irq.threadirqs;
  }

  /** Parameters of the drivers' modules. */
  get parameters(): ModuleParameters {
    return this.connection.parameters;
  }

  /** Where drivers allocate the buffers that they share with the host. */
  get memory(): GuestMemory {
    return this.connection.memory;
  }

  /**
   * Opens a channel: shares its rings, requests its interrupt on its target CPU and has the host open it
   * (vmbus_open, with RFC patch 9).
   *
   * @throws ErrnoError EINVAL unless the channel is closed; ENODEV if the host took it back meanwhile; EAGAIN if the
   *   host refused; what requesting the interrupt fails with.
   */
  open(channel: VmbusChannel, options: OpenOptions): Procedure<void> {
    return inFrame('vmbus_open', this.doOpen(channel, options));
  }

  private *doOpen(channel: VmbusChannel, options: OpenOptions): Procedure<void> {
    if (channel.state.kind !== 'open') {
      throw new ErrnoError(
        'EINVAL',
        `channel ${channel.relid} is ${channel.state.kind}; only a closed one can be opened`,
      );
    }
    yield* this.connection.lifetime.opened(channel);
    yield* channel.stateVar.setSteps({ kind: 'opening', rings: undefined });
    yield* this.connection.design.openOrder.beforeOpen(channel, options.callback);
    const rings = yield* this.shareRings(channel, options.ringPages ?? DEFAULT_RING_PAGES);
    yield* channel.stateVar.setSteps({ kind: 'opening', rings });
    try {
      yield* this.connection.relids.requestIrq(channel);
      try {
        yield* this.openOnHost(channel, rings);
      } catch (error) {
        yield* this.connection.relids.freeIrq(channel);
        throw error;
      }
    } catch (error) {
      yield* this.unshareRings(channel, rings);
      yield* this.reset(channel);
      throw error;
    }
    yield* this.connection.design.openOrder.afterOpen(channel, options.callback);
    yield* channel.stateVar.setSteps({ kind: 'opened', rings });
  }

  /**
   * Closes a channel and, before it, its sub-channels (vmbus_close). Sub-channels that the host has taken back are
   * removed then. A channel that is not open stays as it is.
   */
  close(channel: VmbusChannel): Procedure<void> {
    return inFrame('vmbus_close', this.doClose(channel));
  }

  private *doClose(channel: VmbusChannel): Procedure<void> {
    // In Linux a sub-channel that is opened meanwhile, or comes late, may stay open for ever.
    if (channel.device !== undefined) channel.device.subChannelsAsked = 0;
    for (const sub of yield* this.connection.subChannelsOf(channel)) {
      yield* sub.probeDone.wait();
      if (sub.rescind) yield* sub.rescindEvent.wait();
      yield* this.connection.channelMutex.lock();
      // Its rescind may have removed it meanwhile. Linux does not look, and waits in memory that has been freed.
      if (yield* this.connection.isListed(sub)) {
        yield* this.closeInternal(sub);
        if (sub.rescind) yield* this.processChannelRemoval(sub);
      }
      yield* this.connection.channelMutex.unlock();
    }
    yield* this.connection.channelMutex.lock();
    yield* this.closeInternal(channel);
    yield* this.connection.channelMutex.unlock();
  }

  /** Shares a buffer of the guest with the host (vmbus_establish_gpadl). Returns its handle. */
  establishGpadl(channel: VmbusChannel, pfn: number, pages: number): Procedure<number> {
    return inFrame('vmbus_establish_gpadl', this.doEstablishGpadl(channel, pfn, pages));
  }

  private *doEstablishGpadl(channel: VmbusChannel, pfn: number, pages: number): Procedure<number> {
    const { connection } = this;
    const gpadl = connection.gpadlHandles.next();
    const pfns: number[] = [];
    for (let page = 0; page < pages; page++) pfns.push(pfn + page);
    const [header, ...bodies] = gpadlMessages(channel.relid, gpadl, pfns);
    this.refuseIfRescinded(channel);
    const waiting = connection.request(
      header,
      (answer): answer is GpadlCreated =>
        answer.type === CHANNELMSG.GPADL_CREATED &&
        answer.childRelid === channel.relid &&
        answer.gpadl === gpadl,
      channel,
      bodies,
    );
    const created = yield* waiting;
    const status = created?.creationStatus ?? 0;
    if (status !== 0) {
      connection.machine.log.prErr(`hv_vmbus: Failed to establish GPADL: err = 0x${status.toString(16)}`);
      throw new ErrnoError('EDQUOT', `the host did not take the memory of channel ${channel.relid}`);
    }
    this.refuseIfRescinded(channel);
    return gpadl;
  }

  /** Ends the sharing of a buffer (vmbus_teardown_gpadl). */
  *teardownGpadl(channel: VmbusChannel, gpadl: number): Procedure<void> {
    if (channel.rescind) return;
    const isTorndown = (answer: ChannelMessage): answer is GpadlTorndown =>
      answer.type === CHANNELMSG.GPADL_TORNDOWN && answer.gpadl === gpadl;
    const message = { type: CHANNELMSG.GPADL_TEARDOWN, childRelid: channel.relid, gpadl };
    try {
      const teardown = this.connection.request(message, isTorndown, channel);
      yield* inFrame('vmbus_teardown_gpadl', teardown);
    } catch (error) {
      // Linux goes on, and never uses the memory again.
      if (!(error instanceof ErrnoError)) throw error;
    }
  }

  /**
   * Sends a packet to the host, signalling it if need be (vmbus_sendpacket).
   *
   * @param type VM_PKT number.
   * @param rangeBytes as in RingWriter.write.
   * @throws ErrnoError ENODEV if the channel is not open, EAGAIN if the ring is full, EIO if the host has written
   *   nonsense into it (Linux calculates with it).
   */
  sendPacket(
    channel: VmbusChannel,
    payload: Uint8Array,
    transactionId: number,
    flags = 0,
    type: number = VM_PKT.DATA_INBAND,
    rangeBytes = 0,
  ): void {
    const { rings } = channel;
    if (rings === undefined || channel.rescind) {
      throw new ErrnoError('ENODEV', `channel ${channel.relid} is not open; nothing can be sent`);
    }
    const result = rings.outbound.write(type, flags, transactionId, payload, rangeBytes);
    if (rings.outbound.error !== undefined) {
      throw new ErrnoError('EIO', `the host broke the ring of channel ${channel.relid}; close the channel`);
    }
    if (result === RING_WRITE.FULL) {
      throw new ErrnoError(
        'EAGAIN',
        `the ring of channel ${channel.relid} is full; wait until the host has read`,
      );
    }
    if (result === RING_WRITE.SIGNAL) this.setEvent(channel);
  }

  /** A line of the kernel log. */
  printk(text: string): void {
    this.connection.machine.log.printk(text);
  }

  /** The same from a place of function `func` that is kept from flooding the log (pr_err_ratelimited). */
  printkRatelimited(func: string, place: string, text: string): void {
    const { irq } = this.connection;
    if (irq.ratelimits.allows(func, undefined, `${func} ${place}`)) this.printk(text);
  }

  /** Counts something of the host that a driver refused. */
  refuse(reason: Refusal): void {
    this.connection.refuse(reason);
  }

  /** Tells the host to look at the channel's rings, which has a bit that it polls, or is called (vmbus_setevent). */
  setEvent(channel: VmbusChannel): void {
    traceSetevent(channel);
    const { monitorAllocated, monitorId, connectionId } = channel.offer;
    if (monitorAllocated) {
      const { monitors, host } = this.connection;
      monitors.trigger(monitorId);
      host.monitorTriggered(monitors);
      return;
    }
    channel.sigEvents += 1;
    this.connection.host.signalEvent(connectionId);
  }

  /** Waits, with interrupts off, until the host has answered what it was sent over the channel. */
  awaitAnswers(channel: VmbusChannel): void {
    this.connection.host.awaitAnswers(channel.offer.connectionId);
  }

  /** HVCALL_RETARGET_INTERRUPT. @returns its status. */
  retargetInterrupt(request: RetargetInterrupt): number {
    return this.connection.host.retargetInterrupt(request);
  }

  /** Asks the host to connect a socket to one of its services (vmbus_send_tl_connect_request). */
  *sendTlConnectRequest(guestEndpointId: Guid, hostServiceId: Guid): Procedure<void> {
    yield* this.connection.postMsg({ type: CHANNELMSG.TL_CONNECT_REQUEST, guestEndpointId, hostServiceId });
  }

  /**
   * Gives up a rescinded channel: its interrupt, its place in the lists, its relid (hv_process_channel_removal, RFC
   * patch 8). The caller holds channel_mutex. A sub-channel may be given up both by its rescind and by whoever closes
   * its device; the second one finds nothing to do.
   */
  *processChannelRemoval(channel: VmbusChannel): Procedure<void> {
    const { connection } = this;
    const { lifetime } = connection;
    if (!(yield* connection.isListed(channel)) && !lifetime.toleratesDoubleRemoval) return;
    channel.assertLive('hv_process_channel_removal');
    // Asleep the relid was taken from the channel; the host may have given it to another since.
    const hasRelid = channel.relid !== INVALID_RELID;
    if (hasRelid) yield* connection.relids.unmap(channel);
    else if (!channel.isHvSock)
      connection.machine.log.warn('drivers/hv/channel_mgmt.c', 'hv_process_channel_removal');
    yield* connection.unlist(channel, 'hv_process_channel_removal');
    // The channel's directory goes, and with it kernfs waits for whoever is in the middle of a write there (free_channel).
    yield* channel.filesWritten();
    if (channel.isPerf) connection.placement.release(channel.targetCpu);
    if (hasRelid) yield* connection.releaseRelid(channel.relid);
    yield* lifetime.giveUp(channel);
  }

  private *shareRings(channel: VmbusChannel, ringPages: number): Procedure<ChannelRings> {
    const { memory, design } = this.connection;
    const { flowControl, ringOrder } = design;
    const { ringCounters } = channel;
    const block = memory.allocate(2 * ringPages);
    const { pfn } = block;
    const bytes = ringPages * HV_HYP_PAGE_SIZE;
    const outbound = new RingBuffer(block, 0, bytes, `out${channel.relid}`);
    const inbound = new RingBuffer(block, bytes, bytes, `in${channel.relid}`);
    flowControl.initRings(outbound, inbound);
    try {
      const gpadl = yield* this.establishGpadl(channel, pfn, 2 * ringPages);
      const refuse = (error: RingError): void => this.connection.refuse(`ring-${error}`);
      return {
        gpadl,
        pfn,
        outbound: new RingWriter(outbound, outbound, refuse, ringCounters),
        inbound: new RingReader(inbound, inbound, refuse, ringOrder, ringCounters, flowControl.signalsRoom),
      };
    } catch (error) {
      memory.free(pfn);
      yield* this.reset(channel);
      throw error;
    }
  }

  private *unshareRings(channel: VmbusChannel, rings: ChannelRings): Procedure<void> {
    yield* this.teardownGpadl(channel, rings.gpadl);
    this.connection.memory.free(rings.pfn);
  }

  private *openOnHost(channel: VmbusChannel, rings: ChannelRings): Procedure<void> {
    const openId: Relid = channel.relid;
    this.refuseIfRescinded(channel);
    const result = yield* this.connection.request(
      {
        type: CHANNELMSG.OPENCHANNEL,
        childRelid: channel.relid,
        openId,
        ringBufferGpadl: rings.gpadl,
        targetVp: this.connection.host.vpIndex(channel.targetCpu),
        downstreamPageOffset: rings.outbound.ring.dataBytes / HV_HYP_PAGE_SIZE + 1,
        userData: new Uint8Array(0),
      },
      (answer): answer is OpenChannelResult =>
        answer.type === CHANNELMSG.OPENCHANNEL_RESULT &&
        answer.childRelid === channel.relid &&
        answer.openId === openId,
      channel,
    );
    this.refuseIfRescinded(channel);
    if (result?.status !== 0) {
      throw new ErrnoError('EAGAIN', `the host did not open channel ${channel.relid}`);
    }
  }

  private *closeInternal(channel: VmbusChannel): Procedure<void> {
    yield* resetChannelCb(channel);
    if (channel.state.kind !== 'opened') return;
    const { rings } = channel.state;
    yield* channel.stateVar.setSteps({ kind: 'open' });
    const { connection } = this;
    const ret = yield* connection.postMsg({ type: CHANNELMSG.CLOSECHANNEL, childRelid: channel.relid });
    if (ret === 0) yield* this.unshareRings(channel, rings);
    else {
      // Its rings stay with the host.
      connection.machine.log.prErr(`hv_vmbus: Close failed: close post msg return is ${ret}`);
    }
    yield* connection.lifetime.closed(channel);
  }

  private *reset(channel: VmbusChannel): Procedure<void> {
    yield* channel.storeCallbackSteps(undefined, '__vmbus_open');
    yield* channel.stateVar.setSteps({ kind: 'open' });
    yield* this.connection.lifetime.closed(channel);
  }

  private refuseIfRescinded(channel: VmbusChannel): void {
    if (channel.rescind) {
      throw new ErrnoError('ENODEV', `the host took channel ${channel.relid} back`);
    }
  }
}
