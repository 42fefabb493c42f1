import type { CpuId, Relid } from '../lib/brand.js';
import { CpuMask } from '../machine/cpumask.js';
import { Lock } from '../machine/lock.js';
import type { Machine } from '../machine/machine.js';
import { WaitQueue } from '../machine/completion.js';
import { type Procedure, SharedObject, SharedWord, type Step } from '../machine/step.js';
import { Workqueue } from '../machine/workqueue.js';
import type { IrqCore } from '../irq/core.js';
import type { VmbusChannel } from './channel/channel.js';
import { ChannelMover } from './channel/mover.js';
import { GpadlHandles } from './gpadl.js';
import type { GuestMemory } from './guest-memory.js';
import type { HostPort } from './host-port.js';
import { ChannelPlacement, VMBUS_CONNECT_CPU } from './channel/placement.js';
import {
  type AllOffersDelivered,
  CHANNELMSG,
  type ChannelMessage,
  encodeMessage,
  VERSION_WIN10_V5,
  VERSION_WIN10_V5_2,
  VERSION_WIN8,
  type VersionResponse,
  versionName,
  vmbusVersions,
} from './protocol/channel-messages.js';
import type { Refusal } from './refusals.js';
import type { RelidMap } from './relid-map.js';
import { MessageRequest, RequestList } from './requests.js';
import { defaultDesign, designProblem, type VmbusDesign } from './variants/design.js';
import {
  lifetimes,
  modifyChannelPolicies,
  offlineGuards,
  type RelidMapFactory,
  relidMaps,
} from './variants/index.js';
import type { ChannelLifetime } from './variants/lifetime.js';
import type { ModifyChannelPolicy } from './variants/modify-channel.js';
import type { OfflineGuard } from './variants/offline-guard.js';

/** SINT that the host sends VMBus messages and events to (VMBUS_MESSAGE_SINT). */
export const VMBUS_MESSAGE_SINT = 2;

/** How far the guest is with its host (enum vmbus_connect_state). */
export type ConnectionState =
  /** The host knows nothing of this guest. */
  | { readonly kind: 'disconnected' }
  /** The guest proposes versions; the host has accepted none yet. */
  | { readonly kind: 'connecting' }
  /** Both sides speak `version` (as on the wire); offers come and go. */
  | { readonly kind: 'connected'; readonly version: number }
  /** The host has forgotten this guest, or is about to; channels that were open are so no more than by name. */
  | { readonly kind: 'unloaded' };

export interface ConnectionOptions {
  /** The guest is a confidential VM: it accepts hardened devices and versions only. Default false. */
  readonly isolation?: boolean;
  /** Choices other than the default ones. */
  readonly design?: Partial<VmbusDesign>;
  /** Builds the relid map instead of the design's choice: for maps that are wrong on purpose. */
  readonly makeRelidMap?: RelidMapFactory;
}

/** HVCALL_POST_MESSAGE: the message is there at once, whatever the CPU's earlier stores have come to. */
class PostMessage extends SharedObject {
  readonly step: Step = { object: this, kind: 'update', label: 'vmbus_post_msg' };

  override blocks(): boolean {
    return false;
  }

  override drains(): boolean {
    return false;
  }
}

/**
 * The guest's end of the VMBus connection (struct vmbus_connection, drivers/hv/connection.c).
 *
 * Access rules: `primaries` and the sub-channel lists change under channelMutex; `synicOnline`, the sent count and the
 * channels' target CPUs change under setAffinityLock; the completed count changes on the connect CPU only.
 */
export class VmbusConnection {
  state: ConnectionState = { kind: 'disconnected' };
  /** Primary channels in the order of their offers (chn_list). */
  readonly primaries: VmbusChannel[] = [];
  readonly channelMutex = new Lock('channel_mutex');
  /** What contexts that run step by step do with the lists of channels. */
  readonly channelListWord = new SharedWord('chn_list');
  readonly offersInProgressWord = new SharedWord('offer_in_progress');
  readonly setAffinityLock = new Lock('set_affinity_lock');
  /** CPUs that may be given channels. */
  readonly synicOnline: CpuMask;
  /** MODIFYCHANNEL messages sent, and known to be done by the host. */
  modchanSent = 0;
  modchanCompleted = 0;
  readonly modchanSentWord = new SharedWord('modchan_sent');
  readonly modchanCompletedWord = new SharedWord('modchan_completed');
  /** Woken when a MODIFYCHANNEL is done. */
  readonly modchanWaits: WaitQueue[] = [];
  private readonly postMessageCall = new PostMessage('message port');
  /** Offers and rescinds are dropped, because the guest is being suspended (ignore_any_offer_msg). */
  ignoresOffers = false;
  /** Woken when a channel has gone: a suspend waits until no sub-channel and no hv_sock is left. */
  readonly readyForSuspend: WaitQueue;
  /** Woken when a channel has been offered again after a resume. */
  readonly fixupWaits: WaitQueue[] = [];
  /** Offers taken from the message slot and not yet on the list: rescinds wait for them. */
  offersInProgress = 0;
  /** Where rescinds wait for that; Linux looks each millisecond. */
  readonly offersTaken = new WaitQueue('offers in progress', () => this.offersInProgress === 0);
  /** Offers and other control messages that may sleep. */
  readonly workQueue: Workqueue;
  readonly rescindWorkQueue: Workqueue;
  /** Devices to be made for new primary channels, and drivers to be told of new sub-channels. */
  readonly primaryChannelQueue: Workqueue;
  readonly subChannelQueue: Workqueue;
  readonly requests = new RequestList();
  readonly placement: ChannelPlacement;
  readonly design: VmbusDesign;
  readonly lifetime: ChannelLifetime;
  readonly relids: RelidMap;
  readonly mover: ChannelMover;
  readonly guard: OfflineGuard;
  readonly modifyChannel: ModifyChannelPolicy;
  /** What the host did against the protocol and the guest refused, counted by reason. */
  readonly refused = new Map<Refusal, number>();
  readonly gpadlHandles = new GpadlHandles();
  /** The guest does not trust its host (hv_is_isolation_supported). */
  readonly isolation: boolean;

  constructor(
    readonly machine: Machine,
    readonly host: HostPort,
    readonly memory: GuestMemory,
    readonly irq: IrqCore,
    options: ConnectionOptions = {},
  ) {
    this.isolation = options.isolation ?? false;
    this.design = { ...defaultDesign, ...options.design };
    const problem = designProblem(this.design);
    if (problem !== undefined) throw new RangeError(problem);
    this.synicOnline = new CpuMask(machine.nrCpuIds);
    this.lifetime = lifetimes[this.design.lifetime](this.channelMutex);
    this.mover = new ChannelMover(this);
    const makeRelidMap = options.makeRelidMap ?? relidMaps[this.design.relidMap];
    this.relids = makeRelidMap(this, this.lifetime, this.mover);
    this.guard = offlineGuards[this.design.offlineGuard](this);
    this.modifyChannel = modifyChannelPolicies[this.design.modifyChannel](this);
    this.readyForSuspend = new WaitQueue(
      'channels that a suspend closes',
      () => this.endingWithSuspend().next().done === true,
    );
    this.workQueue = new Workqueue(machine, 'hv_vmbus_con');
    this.rescindWorkQueue = new Workqueue(machine, 'hv_vmbus_rescind');
    this.primaryChannelQueue = new Workqueue(machine, 'hv_pri_chan');
    this.subChannelQueue = new Workqueue(machine, 'hv_sub_chan');
    this.placement = new ChannelPlacement(machine, () => this.perfChannels());
  }

  /** Protocol version agreed on, as on the wire; 0 before. */
  get version(): number {
    return this.state.kind === 'connected' ? this.state.version : 0;
  }

  /** True for channels that do not survive a suspend, as long as they are there. */
  private *endingWithSuspend(): Generator<VmbusChannel, void, void> {
    for (const channel of this.channels())
      if (channel.isHvSock || channel.primary !== undefined) yield channel;
  }

  /** All channels: each primary one, followed by its sub-channels. */
  *channels(): Generator<VmbusChannel, void, void> {
    for (const primary of this.primaries) {
      yield primary;
      yield* primary.subChannels;
    }
  }

  /** Sends a control message (vmbus_post_msg). The host model always has room for it. */
  postMessage(message: ChannelMessage): void {
    this.host.postMessage(encodeMessage(message));
  }

  /** The same, yielding before. */
  *post(message: ChannelMessage): Procedure<void> {
    yield this.postMessageCall.step;
    this.postMessage(message);
  }

  /** Waits until all that messages of the host had queued is done. */
  *drainWork(): Procedure<void> {
    yield* this.subChannelQueue.drained();
    yield* this.primaryChannelQueue.drained();
    yield* this.rescindWorkQueue.drained();
    yield* this.workQueue.drained();
  }

  /** One of the offers in progress is on the list, or has been refused. */
  offerTaken(): void {
    this.offersInProgress -= 1;
    this.offersTaken.wakeUp();
  }

  /** The channels that interrupt `cpu`, looked at one by one. */
  *channelsOn(cpu: CpuId): Procedure<VmbusChannel[]> {
    const found: VmbusChannel[] = [];
    for (const channel of this.channels()) {
      yield channel.targetCpuWord.read;
      if (channel.targetCpu === cpu) found.push(channel);
    }
    return found;
  }

  /** Counts something that the host must not do and that the guest therefore ignored. */
  refuse(reason: Refusal): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }

  /**
   * Sends a message, and `further` ones that belong to it, and waits for the answer.
   *
   * @returns the answer; undefined if `channel` was rescinded before it came.
   */
  *request<Response extends ChannelMessage>(
    message: ChannelMessage,
    matches: (answer: ChannelMessage) => answer is Response,
    channel?: VmbusChannel,
    further: readonly ChannelMessage[] = [],
  ): Procedure<Response | undefined> {
    const request = new MessageRequest(`answer to message ${message.type}`, matches, channel);
    this.requests.add(request);
    yield* this.post(message);
    for (const next of further) yield* this.post(next);
    const response = yield* request.wait();
    this.requests.remove(request);
    return response;
  }

  /**
   * Agrees on a version with the host, the newest one that both speak (vmbus_connect, vmbus_negotiate_version).
   *
   * @param only the one version to propose, as on the wire; default: all.
   * @returns false if the host accepts none.
   */
  *connect(only?: number): Procedure<boolean> {
    this.state = { kind: 'connecting' };
    for (const { wire } of vmbusVersions) {
      if (wire < VERSION_WIN8) break;
      if (only !== undefined && wire !== only) continue;
      const response = yield* this.request(
        {
          type: CHANNELMSG.INITIATE_CONTACT,
          version: wire,
          targetVcpu: VMBUS_CONNECT_CPU,
          interruptPage: 0,
          msgSint: wire >= VERSION_WIN10_V5 ? VMBUS_MESSAGE_SINT : 0,
          msgVtl: 0,
          featureFlags: 0,
          monitorPage1: 0,
          monitorPage2: 0,
        },
        (answer): answer is VersionResponse => answer.type === CHANNELMSG.VERSION_RESPONSE,
      );
      if (response?.versionSupported) {
        if (this.isolation && wire < VERSION_WIN10_V5_2) {
          this.complainOfVersion(wire);
          break;
        }
        this.state = { kind: 'connected', version: wire };
        this.machine.log.printk(`hv_vmbus: Vmbus version:${versionName(wire) ?? wire}`);
        return true;
      }
    }
    this.state = { kind: 'disconnected' };
    this.machine.log.printk('hv_vmbus: Unable to connect to host');
    return false;
  }

  /** Asks for all offers and waits until the host has sent them (vmbus_request_offers). */
  *requestOffers(): Procedure<void> {
    yield* this.request(
      { type: CHANNELMSG.REQUESTOFFERS },
      (answer): answer is AllOffersDelivered => answer.type === CHANNELMSG.ALLOFFERS_DELIVERED,
    );
  }

  /** Gives a relid back to the host (vmbus_release_relid). */
  *releaseRelid(relid: Relid): Procedure<void> {
    yield* this.post({ type: CHANNELMSG.RELID_RELEASED, childRelid: relid });
  }

  /** What the host offers to a confidential VM must be able to keep the guest's secrets. */
  private complainOfVersion(wire: number): void {
    const name = versionName(wire) ?? wire;
    const least = versionName(VERSION_WIN10_V5_2) ?? VERSION_WIN10_V5_2;
    this.machine.log.printk(
      `hv_vmbus: Invalid VMBus version ${name} (expected >= ${least}) from the host supporting isolation`,
    );
  }

  private *perfChannels(): Generator<VmbusChannel, void, void> {
    for (const channel of this.channels()) if (channel.isPerf) yield channel;
  }
}
