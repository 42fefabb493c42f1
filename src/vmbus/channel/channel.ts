import { assert } from '../../lib/assert.js';
import type { CpuId, Irq, Relid } from '../../lib/brand.js';
import { Completion } from '../../machine/completion.js';
import { SpinLock } from '../../machine/lock.js';
import type { Machine } from '../../machine/machine.js';
import { WaitCounter } from '../../machine/wait-counter.js';
import { WaitQueues } from '../../machine/wait-queues.js';
import { SharedVar } from '../../machine/shared-var.js';
import { type Procedure, SharedWord } from '../../machine/step.js';
import { Tasklet } from '../../machine/tasklet.js';
import { deviceClassOf, HV_SOCK_IRQ_NAME, type VmbusDeviceClass } from '../protocol/class-ids.js';
import { CHANNEL_FLAG, type OfferChannel } from '../protocol/channel-messages.js';
import { RingCounters, type RingReader, type RingWriter } from '../ring/index.js';

/** Rings of an open channel and how the host knows them. */
export interface ChannelRings {
  readonly gpadl: number;
  /** First page of the memory that both rings lie in. */
  readonly pfn: number;
  /** Guest → host. */
  readonly outbound: RingWriter;
  /** Host → guest. */
  readonly inbound: RingReader;
}

/** The channel's way from offer to open (enum vmbus_channel_state). */
export type ChannelState =
  /** The guest is still working on the offer; no driver knows the channel. */
  | { readonly kind: 'offer'; readonly rings?: undefined }
  /** A driver may open the channel; guest and host share no memory. The state after closing, too. */
  | { readonly kind: 'open'; readonly rings?: undefined }
  /** The guest is about to share the rings and ask the host to open; from then on the host may signal. */
  | { readonly kind: 'opening'; rings: ChannelRings | undefined }
  /** Both sides know that the channel is open, and use the rings. */
  | { readonly kind: 'opened'; readonly rings: ChannelRings };

/** Numbers of the states, as the `state` file in sysfs shows them. */
export const channelStateNumbers: Readonly<Record<ChannelState['kind'], number>> = {
  offer: 0,
  opening: 1,
  open: 2,
  opened: 3,
};

/** The driver's function that looks at the channel's inbound ring when the host signalled. */
export type ChannelCallback = (channel: VmbusChannel) => void;

/** What a channel knows of the device whose primary channel it is. VmbusDevice has it. */
export interface ChannelDevice {
  /** Sub-channels that the driver has asked the host for; further ones are not given to it. */
  subChannelsAsked: number;
  /** A channel interrupts another CPU from now on; called with interrupts off. */
  targetCpuChanged(channel: VmbusChannel, oldCpu: CpuId, newCpu: CpuId): void;
}

/** How an interrupt leads to the driver's callback (enum hv_callback_mode). */
export const callbackMode = {
  /** In a tasklet that drains the ring with its interrupts masked. */
  batched: 0,
  /** In a tasklet. */
  direct: 1,
  /** In the interrupt itself. */
  isr: 2,
} as const;
/** How a channel's callback is called: see `callbackMode`. */
export type CallbackMode = (typeof callbackMode)[keyof typeof callbackMode];

/** Longest name of a channel's interrupt, as in Linux' char irq_name[32]. */
export const IRQ_NAME_MAX = 31;

/**
 * A VMBus channel (struct vmbus_channel).
 *
 * Access rules: `target` is written under the connection's set_affinity_lock and read anywhere; lists and state
 * change under channel_mutex; the callback changes under schedLock, which the interrupt holds while it looks. What
 * each interrupt reads (rescind, callback) lies in the channel itself, with a word beside it; the rest is SharedVars.
 */
export class VmbusChannel {
  // From here to interrupts: what each interrupt touches; first, to lie side by side in memory.
  private isRescinded: boolean;
  /** The memory is somebody else's: whoever still looks at the channel is wrong. */
  isFreed: boolean;
  private callback: ChannelCallback | undefined;
  callbackMode: CallbackMode;
  /** Interrupts that found a callback: the `interrupts` file in sysfs. */
  interrupts: number;
  readonly machine: Machine;
  /** As the host made it; made again after a resume, with another relid. */
  offer: OfferChannel;
  /** Relid of the first offer, after which the channel's directory in sysfs is named for good. */
  readonly firstRelid: Relid;
  readonly deviceClass: VmbusDeviceClass;
  readonly stateVar: SharedVar<ChannelState>;
  /** The primary channel of a sub-channel; undefined for a primary channel itself. */
  primary: VmbusChannel | undefined;
  readonly subChannels: VmbusChannel[];
  /** The device, of a primary channel only. */
  device: ChannelDevice | undefined;
  /** CPU that the host was last asked to interrupt (target_cpu). */
  readonly target: SharedVar<CpuId>;
  /** The channel's Linux IRQ; 0 while the relid is not mapped. */
  irq: Irq;
  irqRequested: boolean;
  /** A rescind is being handled, further ones are ignored. */
  rescindRef: boolean;
  /** The offer has been dealt with, the driver's probe included. */
  readonly probeDone: Completion;
  /** A rescind of this sub-channel waits for the driver to close it. */
  readonly rescindEvent: Completion;
  /** Woken when the channel is rescinded: where the driver waits for packets of the host. */
  readonly rescindWaits: WaitQueues;
  /** Runs the callback after the interrupt, unless the mode is isr. */
  readonly callbackEvent: Tasklet;
  readonly schedLock: SpinLock;
  /** Signals to the host: the `events` file in sysfs. */
  sigEvents: number;
  /** Writes to the channel's files in sysfs that have not ended. */
  private readonly fileWriters: WaitCounter;
  /** What is counted of its rings. */
  readonly ringCounters: RingCounters;
  /** References, in designs that count them. */
  references: number;
  /** channel->lock, with which those designs change the count. */
  readonly lock: SpinLock;
  /** The word of `references` and `isFreed`. */
  readonly lifeWord: SharedWord;
  private readonly rescindWord: SharedWord;
  private readonly callbackWord: SharedWord;
  private name: string;

  /**
   * @param onEvent runs in the channel's tasklet.
   * @param onEventSteps the same step by step.
   */
  constructor(
    machine: Machine,
    offer: OfferChannel,
    onEvent: (channel: VmbusChannel) => void,
    onEventSteps?: (channel: VmbusChannel) => Procedure<void>,
  ) {
    const { childRelid } = offer;
    this.isRescinded = false;
    this.isFreed = false;
    this.callback = undefined;
    this.callbackMode = callbackMode.batched;
    this.interrupts = 0;
    this.machine = machine;
    this.offer = offer;
    this.firstRelid = childRelid;
    this.deviceClass = deviceClassOf(offer.classId);
    this.stateVar = new SharedVar<ChannelState>(`state of channel ${childRelid}`, { kind: 'offer' });
    this.primary = undefined;
    this.subChannels = [];
    this.device = undefined;
    this.target = new SharedVar(`target_cpu of channel ${childRelid}`, 0);
    this.irq = 0;
    this.irqRequested = false;
    this.rescindRef = false;
    this.probeDone = new Completion(`probe of channel ${childRelid}`);
    this.rescindEvent = new Completion(`close of rescinded channel ${childRelid}`);
    this.rescindWaits = new WaitQueues(`rescind of channel ${childRelid} awaited`);
    this.callbackEvent = new Tasklet(
      `vmbus_on_event/${childRelid}`,
      () => onEvent(this),
      onEventSteps && (() => onEventSteps(this)),
    );
    this.schedLock = new SpinLock(`sched_lock of channel ${childRelid}`);
    this.sigEvents = 0;
    this.fileWriters = new WaitCounter(`writes to files of channel ${childRelid}`);
    this.ringCounters = new RingCounters();
    this.references = 1;
    this.lock = new SpinLock(`lock of channel ${childRelid}`);
    this.rescindWord = new SharedWord(`rescind of channel ${childRelid}`);
    this.callbackWord = new SharedWord(`onchannel_callback of channel ${childRelid}`);
    this.lifeWord = new SharedWord(`memory of channel ${childRelid}`);
    this.name = (this.isHvSock ? HV_SOCK_IRQ_NAME : this.deviceClass.irqName) ?? '';
  }

  /** The host took the channel back: nothing is sent or waited for any more. */
  get rescind(): boolean {
    this.rescindWord.announceRead();
    return this.isRescinded;
  }

  /** The driver's callback while the channel is open (onchannel_callback). */
  get onChannelCallback(): ChannelCallback | undefined {
    return this.callback;
  }

  get state(): ChannelState {
    return this.stateVar.value;
  }

  get targetCpu(): CpuId {
    return this.target.value;
  }

  get relid(): Relid {
    return this.offer.childRelid;
  }

  get isHvSock(): boolean {
    return (this.offer.flags & CHANNEL_FLAG.TLNPI_PROVIDER_OFFER) !== 0;
  }

  /** True if the channel's interrupts are spread over the CPUs (hv_is_perf_channel). */
  get isPerf(): boolean {
    return this.deviceClass.perfDevice;
  }

  /** Name of the channel's interrupt in /proc/interrupts; drivers may set it before they open the channel. */
  get irqName(): string {
    return this.name;
  }

  set irqName(name: string) {
    this.name = name.slice(0, IRQ_NAME_MAX);
  }

  /** The rings, while the channel is open or being opened. */
  get rings(): ChannelRings | undefined {
    return this.state.rings;
  }

  /** This channel or the primary one that it belongs to. */
  get primaryOrSelf(): VmbusChannel {
    return this.primary ?? this;
  }

  /** Looks at `rescind`; `user` is the kernel's function that does. @throws AssertionError as assertLive. */
  *loadRescindSteps(user: string): Procedure<boolean> {
    yield this.rescindWord.read;
    // steps only: in one go nobody frees the channel meanwhile
    this.lifeWord.announce();
    this.checkLive(user);
    return this.isRescinded;
  }

  /** Generated by `npm run twins`: `loadRescindSteps` in one go. */
  loadRescind(user: string): boolean {
    this.checkLive(user);
    return this.isRescinded;
  }

  /** The channel is taken back. @throws AssertionError as assertLive. */
  *markRescindedSteps(user: string): Procedure<void> {
    yield this.rescindWord.write;
    this.assertLive(user);
    this.isRescinded = true;
  }

  /** Generated by `npm run twins`: `markRescindedSteps` in one go. */
  markRescinded(user: string): void {
    this.assertLive(user);
    this.isRescinded = true;
  }

  /** Looks at the callback; the caller holds schedLock, or is the channel's tasklet. */
  *loadCallbackSteps(user: string): Procedure<ChannelCallback | undefined> {
    yield this.callbackWord.read;
    // steps only: in one go nobody frees the channel meanwhile
    this.lifeWord.announce();
    this.checkLive(user);
    return this.callback;
  }

  /** Generated by `npm run twins`: `loadCallbackSteps` in one go. */
  loadCallback(user: string): ChannelCallback | undefined {
    this.checkLive(user);
    return this.callback;
  }

  *storeCallbackSteps(callback: ChannelCallback | undefined, user: string): Procedure<void> {
    yield this.callbackWord.write;
    this.assertLive(user);
    this.callback = callback;
  }

  /** Generated by `npm run twins`: `storeCallbackSteps` in one go. */
  storeCallback(callback: ChannelCallback | undefined, user: string): void {
    this.assertLive(user);
    this.callback = callback;
  }

  /** @throws AssertionError if the channel's memory has been freed; `user` is who looks at it all the same. */
  assertLive(user: string): void {
    this.lifeWord.announce();
    this.checkLive(user);
  }

  private checkLive(user: string): void {
    if (this.isFreed) assert(false, 'use after free', { channel: this.relid, user });
  }

  /** A write to one of the channel's files: until it ends, the channel's directory stays (kernfs_get_active). */
  *writing<T>(write: Procedure<T>): Procedure<T> {
    this.fileWriters.add(1);
    try {
      return yield* write;
    } finally {
      this.fileWriters.subtractOne();
    }
  }

  /** A removal waits until nobody is in the middle of such a write (kernfs_drain). */
  *filesWritten(): Procedure<void> {
    if (this.fileWriters.value > 0) yield* this.fileWriters.waitForZero();
  }

  /** Gives the channel's memory back (kfree). @throws AssertionError if that has been done before. */
  free(owner: string): void {
    this.lifeWord.announce();
    assert(!this.isFreed, 'double free', { channel: this.relid, owner });
    this.isFreed = true;
  }
}
