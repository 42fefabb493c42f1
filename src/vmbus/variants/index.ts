import type { Lock } from '../../machine/lock.js';
import {
  type LineAccounting,
  NostatHiddenAccounting,
  NostatVisibleAccounting,
  PercpuAccounting,
  percpuDemux,
} from '../../platform/line-accounting.js';
import type { ChannelMover } from '../channel/mover.js';
import type { VmbusConnection } from '../connection.js';
import { VmbusIrqChip } from '../irq-chip.js';
import type { RelidMap } from '../relid-map.js';
import { ArrayRelidMap } from './array-map.js';
import { ControlIrq, type ControlMessages, ControlTasklet } from './control-messages.js';
import type { VmbusDesign } from './design.js';
import { IrqdomainRelidMap } from './irqdomain-map.js';
import type { ChannelLifetime } from './lifetime.js';
import {
  FreeUnconditionally,
  GetPutCompletedLifetime,
  GetPutLifetime,
  RescindRefLifetime,
} from './lifetimes.js';
import {
  FixedSleep,
  type ModifyChannelPolicy,
  NoWait,
  WaitInSetter,
  WaitOnOffline,
} from './modify-channel.js';
import { FlagAndLockGuard, FlagGuard, NoGuard, type OfflineGuard } from './offline-guard.js';
import { CallbackFirst, IgnoreUntilOpenResult, type OpenOrder } from './open-order.js';
import { PercpuListRelidMap } from './percpu-list-map.js';
import {
  ExactlyFullIsEnough,
  NoBarrier,
  NoSecondLook,
  PendingFirst,
  ReadPendingWrite,
  type RingOrder,
  SignalAlways,
  WriteFirst,
} from './ring-order.js';

/** A class, or what builds one, for each choice of an axis. */
type Choices<Axis extends keyof VmbusDesign, Built> = Readonly<Record<VmbusDesign[Axis], Built>>;

export const lifetimes: Choices<'lifetime', (channelMutex: Lock) => ChannelLifetime> = {
  'rescind-ref': (channelMutex) => new RescindRefLifetime(channelMutex),
  'free-unconditionally': (channelMutex) => new FreeUnconditionally(channelMutex),
  'get-put': (channelMutex) => new GetPutLifetime(channelMutex),
  'get-put-completed': (channelMutex) => new GetPutCompletedLifetime(channelMutex),
};

/** Builds a map for a connection that is being built itself. */
export type RelidMapFactory = (
  connection: VmbusConnection,
  lifetime: ChannelLifetime,
  mover: ChannelMover,
) => RelidMap;

export const relidMaps: Choices<'relidMap', RelidMapFactory> = {
  irqdomain: ({ irq }, lifetime, mover) => new IrqdomainRelidMap(irq, new VmbusIrqChip(mover), lifetime),
  array: (_connection, lifetime, mover) => new ArrayRelidMap(lifetime, mover),
  'percpu-list': ({ machine }, lifetime, mover) => new PercpuListRelidMap(machine.nrCpuIds, lifetime, mover),
};

export const modifyChannelPolicies: Choices<
  'modifyChannel',
  (connection: VmbusConnection) => ModifyChannelPolicy
> = {
  'wait-on-offline': (connection) => new WaitOnOffline(connection),
  'wait-in-setter': (connection) => new WaitInSetter(connection),
  'no-wait': (connection) => new NoWait(connection),
  'fixed-sleep': (connection) => new FixedSleep(connection),
};

export const offlineGuards: Choices<'offlineGuard', (connection: VmbusConnection) => OfflineGuard> = {
  'flag-and-lock': ({ synicOnline, setAffinityLock }) => new FlagAndLockGuard(synicOnline, setAffinityLock),
  flag: ({ synicOnline }) => new FlagGuard(synicOnline),
  none: ({ machine }) => new NoGuard(machine),
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

export const openOrders: Choices<'openOrder', OpenOrder> = {
  'callback-first': new CallbackFirst(),
  'ignore-until-open-result': new IgnoreUntilOpenResult(),
};

/** The platform's part of the choice of a top level. */
export const lineAccountings: Choices<'topLevel', LineAccounting> = {
  'percpu-demux': percpuDemux,
  percpu: new PercpuAccounting(),
  'percpu-nostat-visible': new NostatVisibleAccounting(),
  'percpu-nostat-hidden': new NostatHiddenAccounting(),
};

/** VMBus' part of the choice of a top level. */
export const controlMessages: Choices<'topLevel', (connection: VmbusConnection) => ControlMessages> = {
  'percpu-demux': () => new ControlTasklet(),
  percpu: () => new ControlTasklet(),
  'percpu-nostat-visible': controlIrq,
  'percpu-nostat-hidden': controlIrq,
};

function controlIrq({ irq, relids: { domain } }: VmbusConnection): ControlMessages {
  if (domain === undefined)
    throw new RangeError('an IRQ for control messages needs the irqdomain as relid map');
  return new ControlIrq(irq, domain);
}
