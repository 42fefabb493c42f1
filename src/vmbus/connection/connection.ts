import type { CpuId, Ns, Relid } from '../../lib/brand.js';
import { errnoValue, errorOf } from '../../lib/errno.js';
import { Prng } from '../../lib/prng.js';
import { SharedCpuMask } from '../../machine/cpumask.js';
import { Lock, SpinLock } from '../../machine/lock.js';
import type { Machine } from '../../machine/machine.js';
import { Completion, sleep, WaitQueue } from '../../machine/completion.js';
import { type Procedure, SharedObject, SharedWord, type Step } from '../../machine/step.js';
import { Workqueue } from '../../machine/workqueue.js';
import type { IrqCore } from '../../irq/core.js';
import type { VmbusChannel } from '../channel/channel.js';
import { ChannelMover } from '../channel/mover.js';
import type { ConnectionPort } from './port.js';
import { GpadlHandles } from '../gpadl.js';
import type { GuestMemory } from '../guest-memory.js';
import { type HypervBehaviour, hypervBehaviour } from '../kernel.js';
import { ModuleParameters } from '../module-parameters.js';
import { ModifyChannels } from './modify-channels.js';
import { MonitorPage } from './monitors.js';
import { OffersInProgress } from './offers-in-progress.js';
import {
  HV_STATUS_INSUFFICIENT_BUFFERS,
  HV_STATUS_INSUFFICIENT_MEMORY,
  HV_STATUS_INVALID_CONNECTION_ID,
  HV_STATUS_SUCCESS,
  type HostPort,
  noHost,
} from '../host-port.js';
import { ChannelPlacement } from '../channel/placement.js';
import {
  CHANNELMSG,
  type ChannelMessage,
  encodeMessage,
  messageName,
  type UnloadResponse,
  VERSION_WIN8_1,
  VMBUS_MESSAGE_CONNECTION_ID,
} from '../protocol/channel-messages.js';
import type { Refusal } from '../refusals.js';
import { EventScan } from '../event-scan.js';
import { INVALID_RELID, type RelidMap } from '../relid-map.js';
import { traceSent } from '../trace.js';
import { MessageRequest, RequestList } from './requests.js';
import type { DesignParts } from '../variants/design-parts.js';
import type { ChannelLifetime } from '../variants/lifetime.js';
import type { ModifyChannelPolicy } from '../variants/modify-channel-policy.js';
import type { OfflineGuard } from '../variants/offline-guard.js';
import type { OfflinePolicy } from '../variants/offline-policy.js';

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

/** Where the device of an offer is made, and a driver told of a sub-channel. */
export type ChannelWork =
  /** In works of two queues, one for primary channels and one for sub-channels. */
  | 'own-queues'
  /** In the offer's own work, which keeps all later offers waiting, as earlier kernels did. */
  | 'offer-work';

/** How the CPU that a new channel interrupts is kept from going offline before the channel is on its list. */
export type OfferCpusLock =
  /** cpus_read_lock is held from the choice of the CPU until the channel is listed (since 5.8). */
  | 'until-listed'
  /** Only during the choice. */
  | 'during-choice'
  /** Not at all (before 5.8). */
  | 'none';

/** What a connection is made of; what is left out is as the RFC proposes it. */
export interface ConnectionOptions {
  /** What this kernel's drivers/hv does differently from others'; default: that of 6.10. */
  readonly behaviour?: HypervBehaviour;
  /** The guest is a confidential VM: it accepts hardened devices and versions only. Default false. */
  readonly isolation?: boolean;
  /** The paravisor below a confidential VM offers it confidential VMBus, if its kernel can. Default false. */
  readonly confidential?: boolean;
  /** Parameters of the modules; default: those of Linux. */
  readonly parameters?: ModuleParameters;
  /** Counts MODIFYCHANNELs; default: an atomic count. */
  readonly modchans?: ModifyChannels;
  /** Default `own-queues`. */
  readonly channelWork?: ChannelWork;
  /** Default `until-listed`. */
  readonly offerCpusLock?: OfferCpusLock;
  /** Of what the kernel leaves to chance; default 1. */
  readonly seed?: number;
}

const MS: Ns = 1_000_000;
/** How often the host is asked to take a message, and how long the guest sleeps after the first time. */
const POST_TRIES = 100;
const FIRST_RETRY_NS: Ns = 1000;
/** After so many times the sleeps become no longer. */
const DOUBLED_RETRIES = 22;

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

/** A message of the guest, and the channel that it is about, in words. */
function requestName({ type }: ChannelMessage, channel: VmbusChannel | undefined): string {
  const name = messageName(type);
  return channel === undefined ? name : `${name} of channel ${channel.relid}`;
}

/** create_workqueue: on each CPU one work after the other. The connect CPU queues all works, and for itself. */
function createWorkqueue(machine: Machine, name: string): Workqueue {
  return new Workqueue(machine, name, { maxActive: 1 });
}

/**
 * The guest's end of the VMBus connection (struct vmbus_connection, drivers/hv/connection.c).
 *
 * Access rules: `primaries` and the sub-channel lists change under channelMutex; `synicOnline`, the sent count and the
 * channels' target CPUs change under setAffinityLock; the completed count changes on the connect CPU only.
 */
export class VmbusConnection implements ConnectionPort {
  private currentState: ConnectionState = { kind: 'disconnected' };
  private readonly primaryChannels: VmbusChannel[] = [];
  readonly channelMutex = new Lock('channel_mutex');
  private readonly channelListWord = new SharedWord('chn_list');
  readonly setAffinityLock = new SpinLock('set_affinity_lock');
  /** CPUs that may be given channels. */
  readonly synicOnline: SharedCpuMask;
  modchans: ModifyChannels;
  offers = new OffersInProgress();
  private readonly postMessageCall = new PostMessage('message port');
  /** Where the host takes messages (msg_conn_id). */
  messageConnection = VMBUS_MESSAGE_CONNECTION_ID;
  /** The host has named all devices that there were when it was asked (all_offers_delivered_event). */
  readonly allOffersDelivered = new Completion('all_offers_delivered_event');
  /** The message that says so is there; nobody in Linux waits for that. */
  readonly allOffersArrived = new Completion('the last of the first offers');
  /** Offers have been asked for, and the host has not said that these are all. */
  private awaitsOffers = false;
  private dropsOffers = false;
  /** A suspend waits until no sub-channel and no hv_sock is left. */
  private readonly readyForSuspend = new WaitQueue(
    'channels that a suspend closes',
    () => this.endingWithSuspend().next().done === true,
  );
  /** A resume waits until the host has offered all channels again. */
  private readonly allOfferedAgain = new WaitQueue('devices after resume', () => this.missing().length === 0);
  /** Offers and other control messages that may sleep. */
  readonly workQueue: Workqueue;
  readonly rescindWorkQueue: Workqueue;
  /** Devices to be made for new primary channels, and drivers to be told of new sub-channels. */
  readonly primaryChannelQueue: Workqueue;
  readonly subChannelQueue: Workqueue;
  readonly requests = new RequestList();
  monitors = new MonitorPage();
  placement: ChannelPlacement;
  readonly lifetime: ChannelLifetime;
  relids: RelidMap;
  readonly mover: ChannelMover;
  readonly guard: OfflineGuard;
  readonly modifyChannel: ModifyChannelPolicy;
  readonly offlinePolicy: OfflinePolicy;
  readonly prng: Prng;
  /** What the host did against the protocol and the guest refused, counted by reason. */
  readonly refused = new Map<Refusal, number>();
  eventScan: EventScan;
  private readonly refusedWord = new SharedWord('refusals');
  /** What the module has warned of since it was loaded, of what it says only once. */
  private readonly warned = new Set<string>();
  gpadlHandles = new GpadlHandles();
  /** The guest does not trust its host (hv_is_isolation_supported). */
  readonly isolation: boolean;
  /** Messages and rings are secrets between guest and paravisor (vmbus_is_confidential). */
  readonly confidential: boolean;
  /** Parameters of VMBus and its drivers. */
  readonly parameters: ModuleParameters;
  readonly channelWork: ChannelWork;
  readonly offerCpusLock: OfferCpusLock;
  /** What this guest's kernel does differently from others, in drivers/hv and the drivers on it. */
  readonly behaviour: HypervBehaviour;

  constructor(
    readonly machine: Machine,
    private hostPort: HostPort,
    readonly memory: GuestMemory,
    readonly irq: IrqCore,
    readonly design: DesignParts,
    options: ConnectionOptions = {},
  ) {
    const { isolation = false, channelWork = 'own-queues', offerCpusLock = 'until-listed' } = options;
    this.behaviour = options.behaviour ?? hypervBehaviour();
    this.eventScan = new EventScan(this.behaviour.scansToHighestRelid);
    this.isolation = isolation;
    this.confidential = this.behaviour.confidentialVmbus && (options.confidential ?? false);
    this.parameters = options.parameters ?? new ModuleParameters(this.behaviour);
    this.channelWork = channelWork;
    this.offerCpusLock = offerCpusLock;
    this.modchans = options.modchans ?? new ModifyChannels();
    this.synicOnline = new SharedCpuMask(machine.nrCpuIds, 'synic_online');
    this.lifetime = design.lifetime(this.channelMutex);
    this.mover = new ChannelMover(this);
    this.relids = design.relidMap(this, this.lifetime, this.mover);
    this.guard = design.offlineGuard(this);
    this.modifyChannel = design.modifyChannel(this);
    this.offlinePolicy = design.offlinePolicy(this);
    this.prng = new Prng(options.seed ?? 1);
    this.workQueue = createWorkqueue(machine, 'hv_vmbus_con');
    this.rescindWorkQueue = createWorkqueue(machine, 'hv_vmbus_rescind');
    this.primaryChannelQueue = createWorkqueue(machine, 'hv_pri_chan');
    this.subChannelQueue = createWorkqueue(machine, 'hv_sub_chan');
    this.placement = this.newPlacement();
  }

  /** The module is loaded again, with all of its data as they were at first: nothing is left of the time before. */
  renew(): void {
    this.primaryChannels.length = 0;
    this.relids = this.design.relidMap(this, this.lifetime, this.mover);
    this.modchans = new ModifyChannels();
    this.offers = new OffersInProgress();
    this.monitors = new MonitorPage();
    this.eventScan = new EventScan(this.behaviour.scansToHighestRelid);
    this.gpadlHandles = new GpadlHandles();
    this.placement = this.newPlacement();
    this.allOffersDelivered.reinit();
    this.allOffersArrived.reinit();
    this.awaitsOffers = false;
    this.dropsOffers = false;
    this.warned.clear();
  }

  /** The hypervisor and its host. */
  get host(): HostPort {
    return this.hostPort;
  }

  /** The kernel has stopped: nothing of what it has begun reaches the host any more. */
  cutOff(): void {
    this.hostPort = noHost;
  }

  /** Primary channels in the order of their offers (chn_list). */
  get primaries(): readonly VmbusChannel[] {
    this.channelListWord.announceRead();
    return this.primaryChannels;
  }

  get state(): ConnectionState {
    return this.currentState;
  }

  /** There is no connection, nor is one being made (DISCONNECTED). */
  get hasEnded(): boolean {
    return this.currentState.kind === 'disconnected' || this.currentState.kind === 'unloaded';
  }

  /** Protocol version agreed on, as on the wire; 0 before. */
  get version(): number {
    const { state } = this;
    return state.kind === 'connected' ? state.version : 0;
  }

  /** Offers and rescinds are dropped, because the guest is being suspended (ignore_any_offer_msg). */
  get ignoresOffers(): boolean {
    return this.dropsOffers;
  }

  /** From now on offers and rescinds are dropped, or no longer. */
  ignoreOffers(on: boolean): void {
    this.dropsOffers = on;
  }

  /** All offers have been asked for. */
  offersRequested(): void {
    this.awaitsOffers = true;
  }

  /** The host says that it has named all its devices (vmbus_onoffers_delivered). */
  offersDelivered(): void {
    if (!this.awaitsOffers) this.refuse('response-nobody-waits-for');
    this.awaitsOffers = false;
    this.allOffersDelivered.complete();
  }

  /** The guest proposes versions from now on. */
  connecting(): void {
    this.currentState = { kind: 'connecting' };
  }

  /** Guest and host speak `version`, as on the wire. Guests without a host that answers begin here. */
  connectedWith(version: number): void {
    this.currentState = { kind: 'connected', version };
  }

  /** The host has accepted no version. */
  disconnected(): void {
    this.currentState = { kind: 'disconnected' };
  }

  /**
   * The host is to forget this guest (vmbus_initiate_unload).
   *
   * @returns false if it need not be asked, or cannot: hosts before Windows 8.1 know no UNLOAD.
   */
  unloading(): boolean {
    const { state, version } = this;
    if (state.kind !== 'connected') return false;
    this.currentState = { kind: 'unloaded' };
    return version >= VERSION_WIN8_1;
  }

  /** Primary channels that the host has not offered again since a resume; hv_sock's do not come back. */
  missing(): VmbusChannel[] {
    return this.primaries.filter((channel) => channel.relid === INVALID_RELID && !channel.isHvSock);
  }

  /** A channel has been offered again. */
  offeredAgain(): void {
    this.allOfferedAgain.wakeUp();
  }

  /** Waits until no channel is missing any more, at most `ns` ns. @returns false if the time was over first. */
  waitForMissing(ns: Ns): Procedure<boolean> {
    return this.allOfferedAgain.waitTimeout(ns);
  }

  /** Waits until the channels are gone that do not survive a suspend. */
  waitForChannelsToEnd(): Procedure<void> {
    return this.readyForSuspend.wait();
  }

  /** True if the channel is on its list. The caller holds channel_mutex. */
  *isListed(channel: VmbusChannel): Procedure<boolean> {
    yield this.channelListWord.read;
    return this.listOf(channel).includes(channel);
  }

  /** A copy of a channel's sub-channels, as of now. */
  *subChannelsOf({ subChannels }: VmbusChannel): Procedure<readonly VmbusChannel[]> {
    yield this.channelListWord.read;
    return [...subChannels];
  }

  /** A channel and its sub-channels, as of the running step. */
  withSubChannels(channel: VmbusChannel): readonly VmbusChannel[] {
    this.channelListWord.announceRead();
    return [channel, ...channel.subChannels];
  }

  /** Puts the channel on its list. The caller holds channel_mutex. */
  *list(channel: VmbusChannel): Procedure<void> {
    yield this.channelListWord.update;
    this.listOf(channel).push(channel);
  }

  /** Takes the channel off its list, if it is there; `user` is the kernel's function that does. */
  *unlist(channel: VmbusChannel, user: string): Procedure<void> {
    yield this.channelListWord.update;
    channel.assertLive(user);
    const list = this.listOf(channel);
    const at = list.indexOf(channel);
    if (at >= 0) list.splice(at, 1);
    this.readyForSuspend.wakeUp();
  }

  /** Has events of the channel's relid find it (vmbus_channel_map_relid). @returns false if that is not possible. */
  *mapRelid(channel: VmbusChannel): Procedure<boolean> {
    this.eventScan.include(channel.relid);
    return yield* this.relids.map(channel);
  }

  /** The channel with this relid, looked for under channel_mutex (relid2channel). */
  *find(relid: Relid): Procedure<VmbusChannel | undefined> {
    yield this.channelListWord.read;
    return this.relids.relid2channel(relid);
  }

  private listOf({ primary }: VmbusChannel): VmbusChannel[] {
    return primary === undefined ? this.primaryChannels : primary.subChannels;
  }

  /** True for channels that do not survive a suspend, as long as they are there. */
  private *endingWithSuspend(): Generator<VmbusChannel, void, void> {
    for (const channel of this.channels())
      if (channel.isHvSock || channel.offer.subChannelIndex !== 0) yield channel;
  }

  /** All channels: each primary one, followed by its sub-channels. */
  *channels(): Generator<VmbusChannel, void, void> {
    for (const primary of this.primaries) {
      yield primary;
      yield* primary.subChannels;
    }
  }

  /**
   * Sends a control message where nobody can sleep (vmbus_post_msg, which delays instead).
   *
   * @returns 0; the negative errno if the host does not take it.
   */
  *postSteps(message: ChannelMessage): Procedure<number> {
    yield this.postMessageCall.step;
    return this.postNow(message);
  }

  /** Generated by `npm run twins`: `postSteps` in one go. */
  post(message: ChannelMessage): number {
    return this.postNow(message);
  }

  private postNow(message: ChannelMessage): number {
    const status = this.host.postMessage(encodeMessage(message), this.messageConnection, false);
    const ret = status === HV_STATUS_SUCCESS ? 0 : this.errnoOf(status);
    traceSent(this.machine, message, ret);
    return ret;
  }

  /**
   * Sends a control message, time and again if the host does not take it: first after 1 µs, each time after twice as
   * long, up to 2 s, and that a hundred times; sleeps of more than 1 ms are whole ones (vmbus_post_msg where it can
   * sleep). A proposal of a version is not sent again to a host that lacks the connection.
   *
   * @returns 0; the negative errno if the host took it not even the hundredth time: -ENOBUFS if it had no room, -EAGAIN
   *   if it lacks the connection (-EINVAL or -ENXIO for a proposal), -EINVAL at once for any other status.
   */
  *postMsg(message: ChannelMessage): Procedure<number> {
    const ret = yield* this.postUntilTaken(message);
    traceSent(this.machine, message, ret);
    return ret;
  }

  private *postUntilTaken(message: ChannelMessage): Procedure<number> {
    const isProposal = message.type === CHANNELMSG.INITIATE_CONTACT;
    let ret = 0;
    for (let retries = 0, ns = FIRST_RETRY_NS; retries < POST_TRIES; retries++) {
      yield this.postMessageCall.step;
      const status = this.host.postMessage(encodeMessage(message), this.messageConnection, true);
      if (status === HV_STATUS_SUCCESS) return 0;
      if (status === HV_STATUS_INVALID_CONNECTION_ID && isProposal)
        return errnoValue(this.behaviour.noConnectionErrno);
      ret = this.errnoOf(status);
      if (ret === errnoValue('EINVAL')) return ret;
      yield* sleep(ns > MS ? Math.floor(ns / MS) * MS : ns);
      if (retries + 1 < DOUBLED_RETRIES) ns *= 2;
    }
    return ret;
  }

  /** What vmbus_post_msg makes of a status that is no success. */
  private errnoOf(status: number): number {
    switch (status) {
      case HV_STATUS_INVALID_CONNECTION_ID:
        return errnoValue('EAGAIN');
      case HV_STATUS_INSUFFICIENT_MEMORY:
      case HV_STATUS_INSUFFICIENT_BUFFERS:
        return errnoValue('ENOBUFS');
      default:
        this.machine.log.prErr(`hv_vmbus: hv_post_msg() failed; error code:${status}`);
        return errnoValue('EINVAL');
    }
  }

  /**
   * Waits until all that messages of the host had queued is done, in the order in which vmbus_disconnect destroys the
   * workqueues. An offer whose work is the last to end queues that of its channel behind that: Linux does so on a workqueue
   * that is gone, here it is waited for, too.
   */
  *drainWork(): Procedure<void> {
    const queues = [this.subChannelQueue, this.primaryChannelQueue, this.rescindWorkQueue, this.workQueue];
    do for (const queue of queues) yield* queue.drained();
    while (queues.some(({ isIdle }) => !isIdle));
  }

  /** The channels that interrupt `cpu`, looked at one by one. */
  *channelsOn(cpu: CpuId): Procedure<VmbusChannel[]> {
    const found: VmbusChannel[] = [];
    for (const channel of this.channels()) {
      if ((yield* channel.target.getSteps()) === cpu) found.push(channel);
    }
    return found;
  }

  /** Counts something that the host must not do and that the guest therefore ignored. */
  refuse(reason: Refusal): void {
    this.refusedWord.announce();
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }

  /** Warns in function `func` of vmbus_drv.c, the first time since the module was loaded (WARN_ONCE). @param what which warning it is. */
  warnOnce(func: string, what: string, text: string): void {
    if (this.warned.has(what)) return;
    this.warned.add(what);
    this.machine.log.warn('drivers/hv/vmbus_drv.c', func, text, true);
  }

  /**
   * Sends a message, and `further` ones that belong to it, and waits for the answer.
   *
   * @returns the answer; undefined if `channel` was rescinded before it came.
   * @throws ErrnoError as postMsg returns, if the host does not take one of them.
   */
  *request<Response extends ChannelMessage>(
    message: ChannelMessage,
    matches: (answer: ChannelMessage) => answer is Response,
    channel?: VmbusChannel,
    further: readonly ChannelMessage[] = [],
  ): Procedure<Response | undefined> {
    const request = this.listen(message, matches, channel);
    for (const next of [message, ...further]) {
      const ret = yield* this.postMsg(next);
      if (ret === 0) continue;
      this.requests.remove(request);
      throw errorOf(ret, `the host does not take ${messageName(next.type)}`);
    }
    const response = yield* request.wait();
    this.requests.remove(request);
    return response;
  }

  /** As `request`, of no channel. @returns the answer, or what postMsg returns if the host does not take the message. */
  *requestOrErrno<Response extends ChannelMessage>(
    message: ChannelMessage,
    matches: (answer: ChannelMessage) => answer is Response,
  ): Procedure<Response | number> {
    const request = this.listen(message, matches);
    const ret = yield* this.postMsg(message);
    const response = ret === 0 ? yield* request.wait() : undefined;
    this.requests.remove(request);
    return response ?? ret;
  }

  /** Asks the host to forget this guest and waits until it has; whether it took the message is not looked at. */
  *requestUnload(): Procedure<void> {
    const message: ChannelMessage = { type: CHANNELMSG.UNLOAD };
    const request = this.listen(
      message,
      (answer): answer is UnloadResponse => answer.type === CHANNELMSG.UNLOAD_RESPONSE,
    );
    yield* this.postMsg(message);
    yield* request.wait();
    this.requests.remove(request);
  }

  /** Gives a relid back to the host (vmbus_release_relid). */
  *releaseRelid(relid: Relid): Procedure<void> {
    yield* this.postMsg({ type: CHANNELMSG.RELID_RELEASED, childRelid: relid });
  }

  /** From now on the answer to `message` is taken down, until the request is removed. */
  private listen<Response extends ChannelMessage>(
    message: ChannelMessage,
    matches: (answer: ChannelMessage) => answer is Response,
    channel?: VmbusChannel,
  ): MessageRequest<Response> {
    const request = new MessageRequest(`answer to ${requestName(message, channel)}`, matches, channel);
    this.requests.add(request);
    return request;
  }

  private newPlacement(): ChannelPlacement {
    return new ChannelPlacement(this.machine, () => this.perfChannels(), this.design.freeCpus);
  }

  private *perfChannels(): Generator<VmbusChannel, void, void> {
    for (const channel of this.channels()) if (channel.isPerf) yield channel;
  }
}
