import type { Ns } from '../../lib/brand.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import type { Guid } from '../../vmbus/protocol/guid.js';
import { VM_PKT } from '../../vmbus/ring/index.js';
import { type BatchOptions, Batches } from '../batch.js';
import type {
  GuestPacket,
  HostBackend,
  HostChannel,
  HostDevice,
  HostDeviceServices,
  PacketInRing,
} from '../device.js';
import {
  addressWord,
  carriesFrame,
  framePacket,
  isFrame,
  MESSAGE_BYTES,
  NO_SECTION,
  NVSP,
  NVSP_DATAPATH,
  NVSP_STAT_FAIL,
  NVSP_STAT_SUCCESS,
  nvspMessage,
  nvspType,
  nvspVersions,
  nvspWord,
  OID,
  PACKET_FILTER,
  RECEIVE_TABLE_SIZE,
  RNDIS,
  RNDIS_COMPLETION,
  rndisOf,
  rndisPacket,
  SEND_TABLE_SIZE,
} from '../protocols/network.js';
import { putWords } from '../protocols/words.js';

/** A message to its answer. */
const MESSAGE_NS: Ns = 50_000;
/** Completion of a frame. */
const frameSent = nvspMessage(NVSP.SEND_RNDIS_PKT_COMPLETE, NVSP_STAT_SUCCESS);

const US = 1000;

export interface NetworkOptions {
  /** From the guest's sending of a frame to its completion. Default 20 µs. */
  readonly latencyNs?: Ns;
  /** How frames and completions for the guest are put together. Default: not. */
  readonly batch?: BatchOptions;
}

/**
 * Network adapters: answers what a driver asks until the adapter runs, takes what the guest sends, and delivers frames
 * over the channel that the receive table names for their hash (receive side scaling).
 */
export class NetworkBackend implements HostBackend {
  readonly classId: Guid = deviceClassId('nic');
  private readonly latencyNs: Ns;
  private readonly batches: Batches;
  private readonly receiving = new WeakMap<HostDevice, Receiving>();
  /** Virtual functions that belong to adapters. */
  private readonly vfs = new WeakMap<HostDevice, AdapterVf>();
  private frames = 0;
  /** By entry of the receive table. */
  private readonly lastFrames: (DeliveredFrame | undefined)[] = [];

  constructor({ latencyNs = 20 * US, batch = {} }: NetworkOptions = {}) {
    this.latencyNs = latencyNs;
    this.batches = new Batches(batch);
  }

  opened({ isPrimary, device }: HostChannel): void {
    if (!isPrimary) return;
    this.receiving.set(device, { channels: 1, table: undefined, isClosed: true });
    const vf = this.vfs.get(device);
    if (vf !== undefined) vf.isActive = false;
  }

  /**
   * An adapter has a virtual function, or has it no more; a guest that uses the adapter hears of it.
   *
   * @param serial number of the function.
   */
  setVf(device: HostDevice, serial: number, isAllocated: boolean, services: HostDeviceServices): void {
    const vf = this.vfs.get(device) ?? { serial, isAllocated: false, isActive: false, isTold: false };
    this.vfs.set(device, vf);
    if (vf.isAllocated === isAllocated) return;
    vf.isAllocated = isAllocated;
    const [channel] = device.channels;
    if (vf.isTold && channel?.state.kind === 'open') this.tellVf(channel, vf, services);
  }

  /** True if the guest wants the adapter's frames by its virtual function. */
  isVfActive(device: HostDevice): boolean {
    return this.vfs.get(device)?.isActive ?? false;
  }

  private tellVf(channel: HostChannel, vf: AdapterVf, services: HostDeviceServices): void {
    vf.isTold = true;
    const association = nvspMessage(NVSP.SEND_VF_ASSOCIATION, vf.isAllocated ? 1 : 0, vf.serial);
    services.send(channel, association, 0, MESSAGE_NS);
  }

  /** A frame for the guest has arrived. @returns the channel that it goes over; undefined if the adapter is not open. */
  deliver(
    device: HostDevice,
    hash: number,
    bytes: number,
    services: HostDeviceServices,
  ): HostChannel | undefined {
    const receiving = this.receiving.get(device);
    if (receiving === undefined || receiving.isClosed) return undefined;
    const entry = hash % RECEIVE_TABLE_SIZE;
    const index = receiving.table?.[entry] ?? entry % receiving.channels;
    const found = channelWith(device, index);
    const channel = found?.state.kind === 'open' ? found : device.channels[0];
    if (channel?.state.kind !== 'open') return undefined;
    this.frames += 1;
    this.batches.of(channel, services).add({
      type: VM_PKT.DATA_USING_XFER_PAGES,
      transactionId: this.frames,
      payload: this.payloadOf(hash, bytes, entry),
    });
    return channel;
  }

  /** A frame like the last one of its table entry takes that one's payload again, which nobody writes to. */
  private payloadOf(hash: number, bytes: number, entry: number): Uint8Array {
    const last = this.lastFrames[entry];
    if (last !== undefined && last.hash === hash && last.bytes === bytes) return last.payload;
    const payload = framePacket(NO_SECTION, bytes, hash);
    this.lastFrames[entry] = { hash, bytes, payload };
    return payload;
  }

  packet(channel: HostChannel, packet: GuestPacket, services: HostDeviceServices): void {
    const { payload, transactionId } = packet;
    const complete = (type: number, ...words: readonly number[]): void => {
      services.send(channel, nvspMessage(type, ...words), transactionId, MESSAGE_NS, VM_PKT.COMP);
    };
    const vf = this.vfs.get(channel.device);
    switch (nvspType(payload)) {
      case NVSP.INIT: {
        const spoken = nvspVersions.includes(nvspWord(payload, 0));
        complete(NVSP.INIT_COMPLETE, 0, 0, spoken ? NVSP_STAT_SUCCESS : NVSP_STAT_FAIL);
        return;
      }
      case NVSP.SEND_RECV_BUF:
        complete(NVSP.SEND_RECV_BUF_COMPLETE, NVSP_STAT_SUCCESS);
        return;
      case NVSP.SEND_SEND_BUF:
        complete(NVSP.SEND_SEND_BUF_COMPLETE, NVSP_STAT_SUCCESS);
        if (vf?.isAllocated) this.tellVf(channel, vf, services);
        else if (vf !== undefined) vf.isTold = true;
        return;
      case NVSP.SWITCH_DATA_PATH:
        if (vf !== undefined) vf.isActive = nvspWord(payload, 0) === NVSP_DATAPATH.VF;
        complete(NVSP.SWITCH_DATA_PATH);
        return;
      case NVSP.SUBCHANNEL: {
        const count = Math.min(nvspWord(payload, 1), services.maxSubChannels(channel));
        complete(NVSP.SUBCHANNEL, NVSP_STAT_SUCCESS, count);
        services.send(channel, sendTable(count + 1), 0, MESSAGE_NS);
        services.offerSubChannels(channel, count, MESSAGE_NS);
        return;
      }
      case NVSP.SEND_RNDIS_PKT:
        if (isFrame(payload)) {
          this.completeFrame(channel, transactionId, services);
          return;
        }
        complete(NVSP.SEND_RNDIS_PKT_COMPLETE, NVSP_STAT_SUCCESS);
        this.answerRndis(channel, packet, services);
        return;
      default:
    }
  }

  packetInRing(channel: HostChannel, packet: PacketInRing, services: HostDeviceServices): boolean {
    const type = packet.payloadWord(0);
    if (type !== NVSP.SEND_RNDIS_PKT) return type === NVSP.SEND_RNDIS_PKT_COMPLETE;
    if (!carriesFrame(packet)) return false;
    this.completeFrame(channel, packet.transactionId, services);
    return true;
  }

  private set(device: HostDevice, oid: number, value: number, table: readonly number[] | undefined): void {
    const receiving = this.receiving.get(device);
    if (receiving === undefined) return;
    if (oid === OID.GEN_RECEIVE_SCALE_PARAMETERS) {
      receiving.channels = Math.max(1, value);
      receiving.table = table;
    } else if (oid === OID.GEN_CURRENT_PACKET_FILTER) receiving.isClosed = value === PACKET_FILTER.NONE;
  }

  private valueOf(oid: number, channel: HostChannel, services: HostDeviceServices): number {
    if (oid === OID.GEN_RECEIVE_SCALE_CAPABILITIES) return services.maxSubChannels(channel) + 1;
    if (oid !== OID.PERMANENT_ADDRESS) return 0;
    const vf = this.vfs.get(channel.device);
    return addressWord(vf === undefined ? { relid: channel.relid } : { vf: vf.serial });
  }

  private completeFrame(channel: HostChannel, transactionId: number, services: HostDeviceServices): void {
    services.later(channel, this.latencyNs, () => {
      this.batches.of(channel, services).add({ type: VM_PKT.COMP, transactionId, payload: frameSent });
    });
  }

  private answerRndis(
    channel: HostChannel,
    { payload, transactionId }: GuestPacket,
    services: HostDeviceServices,
  ): void {
    const { type, requestId, oid, value: set, table } = rndisOf(payload);
    if (type === RNDIS.HALT) return;
    if (type === RNDIS.SET) this.set(channel.device, oid, set, table);
    const value = this.valueOf(oid, channel, services);
    const answer = rndisPacket({ type: (type | RNDIS_COMPLETION) >>> 0, requestId, oid, value });
    services.send(channel, answer, transactionId, MESSAGE_NS, VM_PKT.DATA_USING_XFER_PAGES);
  }
}

/** How frames for an adapter are spread, as its driver has set it since it opened the primary channel. */
interface Receiving {
  channels: number;
  /** Undefined: all channels in turn. */
  table: readonly number[] | undefined;
  /** No frame gets through, as long as the driver lets none through. */
  isClosed: boolean;
}

/** A frame for the guest, with the packet's payload that it went in. */
interface DeliveredFrame {
  readonly hash: number;
  readonly bytes: number;
  readonly payload: Uint8Array;
}

/** The channel with this index among those of its device. */
function channelWith({ channels }: HostDevice, index: number): HostChannel | undefined {
  for (const channel of channels) if (channel.offer.subChannelIndex === index) return channel;
  return undefined;
}

/** The virtual function of an adapter, which stays the same over its comings and goings. */
interface AdapterVf {
  readonly serial: number;
  isAllocated: boolean;
  /** The guest sends and takes frames by it. */
  isActive: boolean;
  /** The guest is told of changes. */
  isTold: boolean;
}

/** The table of the channels that the guest is to send over: all of them in turn. */
function sendTable(channels: number): Uint8Array {
  const entries = Array.from({ length: SEND_TABLE_SIZE }, (_, i) => i % channels);
  const head = nvspMessage(NVSP.SEND_INDIRECTION_TABLE, SEND_TABLE_SIZE, MESSAGE_BYTES);
  const message = new Uint8Array(MESSAGE_BYTES + 4 * SEND_TABLE_SIZE);
  message.set(head);
  putWords(message, MESSAGE_BYTES, ...entries);
  return message;
}
