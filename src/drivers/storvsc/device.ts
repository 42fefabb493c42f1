import type { CpuId, Ns } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { WaitQueue } from '../../machine/completion.js';
import { BlockDone } from '../../machine/block-done.js';
import type { ClockEvent } from '../../machine/clock.js';
import { inFrame, type Procedure } from '../../machine/step.js';
import {
  VSTOR_PAGE_BYTES,
  vstorExecuteSrb,
  vstorRangeBytes,
  VSTOR_STATUS,
} from '../../host/protocols/storage.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice } from '../../vmbus/driver.js';
import { COMPLETION_REQUESTED, VM_PKT } from '../../vmbus/ring/index.js';
import type { HostPacket } from '../conversation/packets.js';
import { StorvscChannels } from './channels.js';
import { type DiskIo, SharedTags, StorvscDisk } from './disk.js';
import { StorvscRequest } from './request.js';

/** Transaction ids of I/Os begin here; those of the driver's own requests stay below. */
const FIRST_IO_ID = 0x10000;
/** Commands that a disk takes at once (cmd_per_lun). */
const CMD_PER_LUN = 2048;
/** Bytes of the largest request in a ring (max_outstanding_req_per_channel). */
const MAX_REQUEST_BYTES = 360;
/** How long the SCSI layer waits before it tries a busy device again (SCSI_QUEUE_DELAY). */
const QUEUE_DELAY_NS: Ns = 3_000_000;
/** Largest transfer (STORVSC_MAX_XFER_SIZE of one page, times the pages that one request may name). */
const MAX_TRANSFER_BYTES = 512 * 1024;

/** What a controller is made of. */
export interface StorvscSizes {
  /** IDE has no sub-channels, and one hardware queue instead of one for each CPU. */
  readonly isIde: boolean;
  /** Of each ring's data. */
  readonly ringBytes: number;
  readonly vcpusPerSubChannel: number;
  /** Free part of its outgoing ring, in percent, down to which a channel counts as busy. */
  readonly lowaterPercent: number;
  /** Numbers of the disks behind it. */
  readonly luns: readonly number[];
}

/**
 * A storage controller in use and the disks behind it, with as much of the block layer as decides when an I/O goes
 * to the host (struct storvsc_device; storvsc_queuecommand, storvsc_on_io_completion).
 */
export class StorvscDevice {
  readonly channels: StorvscChannels;
  /** I/Os with the host (num_outstanding_req), and all that came back. */
  outstanding = 0;
  completed = 0;
  private readonly blockDone: BlockDone;
  /** The first one is the default. */
  private readonly disks: readonly StorvscDisk[];
  private readonly tags: SharedTags;
  /** By tag. */
  private readonly requests: StorvscRequest[] = [];
  private readonly freeRequests: StorvscRequest[] = [];
  private readonly done = (request: StorvscRequest): void => {
    this.end(request);
    this.runQueue();
  };
  /** I/Os of one disk that the SCSI layer has under way at once (can_queue, at most cmd_per_lun). */
  readonly queueDepth: number;
  private readonly drained: WaitQueue;
  private readonly ended: WaitQueue;
  private buffer: number | undefined;
  private readonly last: { bytes: number; isWrite: boolean; lun: number | undefined; packet: Uint8Array } = {
    bytes: -1,
    isWrite: false,
    lun: 0,
    packet: new Uint8Array(0),
  };
  /** No I/O is started: the device is suspended. */
  private stopped = false;
  /** The disk is gone, or going: I/Os end with an error. */
  private dead = false;
  private retrying = false;
  private readonly retry: ClockEvent = { fire: () => this.retryNow() };

  constructor(
    private readonly operations: ChannelOperations,
    readonly device: VmbusDevice,
    { isIde, ringBytes, vcpusPerSubChannel, lowaterPercent, luns }: StorvscSizes,
  ) {
    const { channel } = device;
    const { online } = channel.machine;
    this.channels = new StorvscChannels(channel, operations.kernel.storvscPrefersOwnCpu, lowaterPercent);
    this.blockDone = new BlockDone(channel.machine, !operations.threadirqs);
    const maxSubChannels = isIde ? 0 : Math.floor((online.weight - 1) / vcpusPerSubChannel);
    const perChannel = Math.floor(ringBytes / MAX_REQUEST_BYTES);
    const canQueue = Math.floor((perChannel * (maxSubChannels + 1) * (100 - lowaterPercent)) / 100);
    this.queueDepth = Math.min(CMD_PER_LUN, canQueue);
    this.disks = luns.map((lun) => new StorvscDisk(lun));
    this.tags = new SharedTags(channel.machine, canQueue, luns.length > 1);
    this.drained = new WaitQueue(`I/Os of storvsc ${channel.relid}`, () => this.outstanding === 0);
    this.ended = new WaitQueue(`requests of the disk on channel ${channel.relid}`, () => this.busy === 0);
  }

  /** I/Os that have not ended yet: those with the host, and those whose end waits for a softirq. */
  private get busy(): number {
    return this.requests.length - this.freeRequests.length;
  }

  /** Hardware queues of the SCSI host (nr_hw_queues). */
  get hwQueues(): number {
    return this.tags.queues;
  }

  set hwQueues(queues: number) {
    this.tags.queues = queues;
  }

  /** Numbers of its disks. */
  get luns(): readonly number[] {
    return this.disks.map(({ lun }) => lun);
  }

  /** I/Os that wait in the guest. */
  get queued(): number {
    return this.disks.reduce((sum, { waiting }) => sum + waiting.size, 0);
  }

  /** The channel that an I/O of this CPU takes now. */
  channelFor(cpu: CpuId): VmbusChannel {
    return this.channels.outgoing(cpu);
  }

  /**
   * Starts an I/O, or has it wait until the device takes it.
   *
   * @throws RangeError for a size that no request has, and for a disk that is not there.
   */
  submit(io: DiskIo): void {
    if (!(Number.isInteger(io.bytes) && io.bytes >= 0 && io.bytes <= MAX_TRANSFER_BYTES)) {
      throw new RangeError(`one I/O moves 0 to ${MAX_TRANSFER_BYTES} bytes, not ${io.bytes}`);
    }
    const disk = io.lun === undefined ? this.disks[0] : this.disks.find(({ lun }) => lun === io.lun);
    if (disk === undefined)
      throw new RangeError(`there is no LUN ${io.lun}; there are ${this.luns.join(', ')}`);
    if (this.dead) io.completed(false);
    else if (disk.waiting.size > 0 || !this.queueCommand(io, disk)) disk.waiting.push(io);
  }

  /** Takes a completion of the host. @returns false if it is for none of the I/Os. */
  receive(packet: HostPacket): boolean {
    const request = this.requests[packet.transactionId - FIRST_IO_ID];
    if (request?.state !== 'sent') return false;
    this.returned(request, packet.payloadWord(VSTOR_STATUS) === 0);
    request.hwQueues = this.hwQueues;
    this.blockDone.complete(request);
    return true;
  }

  /** Starts no more I/Os, and waits for those on their way (storvsc_suspend; the block layer is frozen before that). */
  *suspend(): Procedure<void> {
    this.stopped = true;
    yield* inFrame('storvsc_wait_to_drain', this.drained.wait());
  }

  /**
   * Takes the disks away: I/Os that the host has not got yet end with an error, and those under way are waited for,
   * whatever they are under way to. A host that takes the device back completes those that it has; nobody ends those that
   * it never got, as their time-out only gives them more time (scsi_remove_host, storvsc_eh_timed_out).
   */
  *removeDisks(): Procedure<void> {
    this.dead = true;
    this.refuseWaiting();
    yield* inFrame('del_gendisk', inFrame('blk_mq_freeze_queue_wait', this.ended.wait()));
  }

  /** Starts what waits. */
  resume(): void {
    this.stopped = false;
    this.runQueue();
  }

  /** After the channels have been closed, or where the controller never came into service. */
  release(): void {
    for (const request of this.requests) {
      const { state } = request;
      if (state === 'sent') this.returned(request, false);
      if (state === 'sent' || state === 'lost') this.end(request);
    }
    this.refuseWaiting();
    if (this.buffer !== undefined) this.operations.memory.free(this.buffer);
    this.buffer = undefined;
    this.last.bytes = -1;
  }

  /** The host has the I/O no more. */
  private returned(request: StorvscRequest, ok: boolean): void {
    request.state = 'returned';
    request.ok = ok;
    this.outstanding -= 1;
    if (ok) this.completed += 1;
    if (this.outstanding === 0) this.drained.wakeUp();
  }

  private refuseWaiting(): void {
    for (const { waiting } of this.disks) for (const io of waiting.clear()) io.completed(false);
  }

  private end(request: StorvscRequest): void {
    const { io, ok } = request;
    this.free(request);
    io.completed(ok);
    if (this.busy === 0) this.ended.wakeUp();
  }

  private free(request: StorvscRequest): void {
    request.state = 'free';
    request.disk.end(request.queue);
    this.freeRequests.push(request);
  }

  private runQueue(): void {
    for (const disk of this.disks) {
      const { waiting } = disk;
      for (let io = waiting.peek(); io !== undefined && this.queueCommand(io, disk); io = waiting.peek())
        waiting.shift();
    }
  }

  /**
   * Sends an I/O to the host; one that finds no room in the ring is tried again later. Any other failure is not looked
   * at: what was to go over a channel that is closed or taken back is under way for ever (storvsc_queuecommand, and
   * storvsc_eh_timed_out, which gives it more time each time).
   *
   * @returns false if the device is busy.
   */
  private queueCommand(io: DiskIo, disk: StorvscDisk): boolean {
    const queue = this.tags.queueOf(io.cpu);
    if (this.stopped || disk.busy >= this.queueDepth || !this.tags.mayQueue(disk, queue)) return false;
    const request = this.allocate(io, disk);
    request.begin(io, disk, queue);
    disk.begin(queue);
    const sent = this.send(this.channelFor(io.cpu), io, request.tag);
    if (sent === 'no room') {
      this.free(request);
      this.retryLater();
      return false;
    }
    request.state = sent;
    if (sent === 'sent') this.outstanding += 1;
    return true;
  }

  /** The request of a tag that is free. */
  private allocate(io: DiskIo, disk: StorvscDisk): StorvscRequest {
    const free = this.freeRequests.pop();
    if (free !== undefined) return free;
    const made = new StorvscRequest(this.requests.length, io, disk, this.done);
    this.requests.push(made);
    return made;
  }

  private send(
    channel: VmbusChannel,
    { bytes, isWrite, lun }: DiskIo,
    tag: number,
  ): 'sent' | 'no room' | 'lost' {
    const packet = this.request(bytes, isWrite, lun);
    const type = bytes > 0 ? VM_PKT.DATA_USING_GPA_DIRECT : VM_PKT.DATA_INBAND;
    try {
      this.operations.sendPacket(
        channel,
        packet,
        FIRST_IO_ID + tag,
        COMPLETION_REQUESTED,
        type,
        vstorRangeBytes(bytes),
      );
      return 'sent';
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      return error.code === 'ENODEV' ? 'lost' : 'no room';
    }
  }

  /** The packet of an I/O: that of the one before, which the ring has a copy of, if they are alike. */
  private request(bytes: number, isWrite: boolean, lun: number | undefined): Uint8Array {
    const { last } = this;
    if (last.bytes !== bytes || last.isWrite !== isWrite || last.lun !== lun) {
      last.bytes = bytes;
      last.isWrite = isWrite;
      last.lun = lun;
      last.packet = vstorExecuteSrb({ bytes, pfn: this.bufferPfn }, isWrite, lun);
    }
    return last.packet;
  }

  /** All requests name the same pages: what is in them does not matter here. */
  private get bufferPfn(): number {
    this.buffer ??= this.operations.memory.allocate(MAX_TRANSFER_BYTES / VSTOR_PAGE_BYTES).pfn;
    return this.buffer;
  }

  private retryLater(): void {
    if (this.retrying) return;
    this.retrying = true;
    this.device.channel.machine.clock.after(QUEUE_DELAY_NS, this.retry);
  }

  private retryNow(): void {
    this.retrying = false;
    // A kernel that has stopped tries nothing again.
    if (!this.device.channel.machine.halted) this.runQueue();
  }
}
