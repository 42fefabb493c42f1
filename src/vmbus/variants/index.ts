import {
  NostatHiddenAccounting,
  NostatVisibleAccounting,
  PercpuAccounting,
  percpuDemux,
} from '../../platform/line-accounting.js';
import type { ConnectionPort } from '../connection/port.js';
import { VmbusIrqChip } from '../irq-chip.js';
import { ArrayRelidMap } from './array-map.js';
import { ControlIrq, ControlTasklet } from './control-messages.js';
import { checkDesignNames, defaultDesign, designProblem, type VmbusDesign } from './design.js';
import type {
  DesignParts,
  LifetimeFactory,
  ModifyChannelFactory,
  OfflineGuardFactory,
  OfflinePolicyFactory,
  RelidMapFactory,
  TopLevel,
} from './design-parts.js';
import { GlobalDomainRelidMap } from './global-domain-map.js';
import { IrqdomainRelidMap } from './irqdomain-map.js';
import {
  FreeUnconditionally,
  GetPutCompletedLifetime,
  GetPutLifetime,
  GetPutOpenLifetime,
  RescindRefLifetime,
} from './lifetimes.js';
import { FixedSleep, NoWait, WaitInSetter, WaitOnOffline } from './modify-channel.js';
import { FlagAndLockGuard, FlagGuard, NoGuard } from './offline-guard.js';
import { ExclusiveOrFree, type FreeCpus, OnlineFree } from './free-cpus.js';
import { DropUnsupported, KeepUnsupported, type OfferFilter } from './offer-filter.js';
import { MigrateOnOffline, RefuseOffline, RfcIdea } from './offline-policy.js';
import { type FlowControl, PendingSendSz, PollsForRoom } from './flow-control.js';
import { ClassNameOnly, NetdevNameAtOpen, NetdevNameWhenKnown, type NetvscNames } from './netvsc-names.js';
import { CallbackFirst, IgnoreUntilOpenResult, type OpenOrder } from './open-order.js';
import { PercpuListRelidMap } from './percpu-list-map.js';
import { RedirectingRelidMap } from './redirecting-map.js';
import {
  ExactlyFullIsEnough,
  NoBarrier,
  NoSecondLook,
  PendingFirst,
  ReadPendingWrite,
  type RingOrder,
  SignalAlways,
  WriteFirst,
} from '../ring/order.js';

/** A class, or what builds one, for each choice of an axis. */
type Choices<Axis extends keyof VmbusDesign, Built> = Readonly<Record<VmbusDesign[Axis], Built>>;

export const lifetimes: Choices<'lifetime', LifetimeFactory> = {
  'rescind-ref': (channelMutex) => new RescindRefLifetime(channelMutex),
  'free-unconditionally': (channelMutex) => new FreeUnconditionally(channelMutex),
  'get-put': (channelMutex) => new GetPutLifetime(channelMutex),
  'get-put-completed': (channelMutex) => new GetPutCompletedLifetime(channelMutex),
  'get-put-open': (channelMutex) => new GetPutOpenLifetime(channelMutex),
};

export const relidMaps: Choices<'relidMap', RelidMapFactory> = {
  irqdomain: ({ irq }, lifetime, mover) => new IrqdomainRelidMap(irq, new VmbusIrqChip(mover), lifetime),
  array: (_connection, lifetime, mover) => new ArrayRelidMap(lifetime, mover),
  'percpu-list': ({ machine }, lifetime, mover) => new PercpuListRelidMap(machine.nrCpuIds, lifetime, mover),
  'irqdomain-redirect': ({ irq }, lifetime, mover) =>
    new RedirectingRelidMap(irq, new VmbusIrqChip(mover), lifetime),
  'irqdomain-global': ({ irq }, lifetime, mover) =>
    new GlobalDomainRelidMap(irq, new VmbusIrqChip(mover), lifetime),
};

export const modifyChannelPolicies: Choices<'modifyChannel', ModifyChannelFactory> = {
  'wait-on-offline': (connection) => new WaitOnOffline(connection),
  'wait-in-setter': (connection) => new WaitInSetter(connection),
  'no-wait': (connection) => new NoWait(connection),
  'fixed-sleep': (connection) => new FixedSleep(connection),
};

export const offlineGuards: Choices<'offlineGuard', OfflineGuardFactory> = {
  'flag-and-lock': ({ synicOnline, setAffinityLock }) => new FlagAndLockGuard(synicOnline, setAffinityLock),
  flag: ({ synicOnline }) => new FlagGuard(synicOnline),
  none: ({ machine }) => new NoGuard(machine),
};

export const freeCpuSets: Choices<'freeCpus', FreeCpus> = {
  online: new OnlineFree(),
  'exclusive-or': new ExclusiveOrFree(),
};

export const offerFilters: Choices<'offerFilter', OfferFilter> = {
  'drop-unsupported': new DropUnsupported(),
  'keep-unsupported': new KeepUnsupported(),
};

export const offlinePolicies: Choices<'offlinePolicy', OfflinePolicyFactory> = {
  refuse: () => new RefuseOffline(),
  migrate: (connection) => new MigrateOnOffline(connection),
  'rfc-idea': (connection) => new RfcIdea(connection),
};

export const ringOrders: Choices<'ringOrder', RingOrder> = {
  'read-pending-write': new ReadPendingWrite(),
  'pending-first': new PendingFirst(),
  'write-first': new WriteFirst(),
  'no-barrier': new NoBarrier(),
  'signal-always': new SignalAlways(),
  'exactly-full-is-enough': new ExactlyFullIsEnough(),
  'no-second-look': new NoSecondLook(),
};

export const flowControls: Choices<'flowControl', FlowControl> = {
  'pending-send-sz': new PendingSendSz(),
  polling: new PollsForRoom(),
};

export const netvscNames: Choices<'netvscNames', NetvscNames> = {
  netvsc: new ClassNameOnly(),
  'netdev-at-open': new NetdevNameAtOpen(),
  'netdev-when-known': new NetdevNameWhenKnown(),
};

export const openOrders: Choices<'openOrder', OpenOrder> = {
  'callback-first': new CallbackFirst(),
  'ignore-until-open-result': new IgnoreUntilOpenResult(),
};

export const topLevels: Choices<'topLevel', TopLevel> = {
  'percpu-demux': { line: percpuDemux, controlMessages: () => new ControlTasklet() },
  percpu: { line: new PercpuAccounting(), controlMessages: () => new ControlTasklet() },
  'percpu-nostat-visible': { line: new NostatVisibleAccounting(), controlMessages: controlIrq },
  'percpu-nostat-hidden': { line: new NostatHiddenAccounting(), controlMessages: controlIrq },
};

/**
 * What builds a design of this repository's own choices.
 *
 * @param design choices other than the default ones.
 * @throws TypeError for an axis that there is not; RangeError for choices that there are not, or that do not go together.
 */
export function designParts(design: Partial<VmbusDesign> = {}): DesignParts {
  checkDesignNames(design);
  const chosen = { ...defaultDesign, ...design };
  const problem = designProblem(chosen);
  if (problem !== undefined) throw new RangeError(problem);
  return {
    relidMap: relidMaps[chosen.relidMap],
    topLevel: topLevels[chosen.topLevel],
    lifetime: lifetimes[chosen.lifetime],
    modifyChannel: modifyChannelPolicies[chosen.modifyChannel],
    offlineGuard: offlineGuards[chosen.offlineGuard],
    freeCpus: freeCpuSets[chosen.freeCpus],
    offerFilter: offerFilters[chosen.offerFilter],
    offlinePolicy: offlinePolicies[chosen.offlinePolicy],
    ringOrder: ringOrders[chosen.ringOrder],
    flowControl: flowControls[chosen.flowControl],
    openOrder: openOrders[chosen.openOrder],
    netvscNames: netvscNames[chosen.netvscNames],
  };
}

function controlIrq({ irq, relids: { domain } }: ConnectionPort): ControlIrq {
  if (domain === undefined)
    throw new RangeError('an IRQ for control messages needs the irqdomain as relid map');
  return new ControlIrq(irq, domain);
}
