import { type Token, token } from '../../lib/token.js';
import type { Lock } from '../../machine/lock.js';
import type { LineAccounting } from '../../platform/line-accounting.js';
import type { ChannelMover } from '../channel/mover.js';
import type { ConnectionPort } from '../connection/port.js';
import type { RelidMap } from '../relid-map.js';
import type { ControlMessages } from './control-messages.js';
import type { ChannelLifetime } from './lifetime.js';
import type { ModifyChannelPolicy } from './modify-channel-policy.js';
import type { FreeCpus } from './free-cpus.js';
import type { OfferFilter } from './offer-filter.js';
import type { OfflineGuard } from './offline-guard.js';
import type { OfflinePolicy } from './offline-policy.js';
import type { FlowControl } from './flow-control.js';
import type { NetvscNames } from './netvsc-names.js';
import type { OpenOrder } from './open-order.js';
import type { RingOrder } from '../ring/order.js';

/** Builds a relid map for a connection that is being built itself. */
export type RelidMapFactory = (
  connection: ConnectionPort,
  lifetime: ChannelLifetime,
  mover: ChannelMover,
) => RelidMap;

/** @param channelMutex is held while channels come and go. */
export type LifetimeFactory = (channelMutex: Lock) => ChannelLifetime;
/** Makes the policy of MODIFYCHANNEL for a connection. */
export type ModifyChannelFactory = (connection: ConnectionPort) => ModifyChannelPolicy;
/** Makes the guard of CPUs that go offline for a connection. */
export type OfflineGuardFactory = (connection: ConnectionPort) => OfflineGuard;
/** Makes the policy of channels whose CPU goes offline for a connection. */
export type OfflinePolicyFactory = (connection: ConnectionPort) => OfflinePolicy;

/** How the top level of VMBus interrupts is counted: the platform's part of it, and VMBus' own. */
export interface TopLevel {
  readonly line: LineAccounting;
  readonly controlMessages: (connection: ConnectionPort) => ControlMessages;
}

/** What VMBus is built from: for each axis of the design (design.ts) what builds the choice. */
export interface DesignParts {
  readonly relidMap: RelidMapFactory;
  readonly topLevel: TopLevel;
  readonly lifetime: LifetimeFactory;
  readonly modifyChannel: ModifyChannelFactory;
  readonly offlineGuard: OfflineGuardFactory;
  readonly freeCpus: FreeCpus;
  readonly offerFilter: OfferFilter;
  readonly offlinePolicy: OfflinePolicyFactory;
  readonly ringOrder: RingOrder;
  readonly flowControl: FlowControl;
  readonly openOrder: OpenOrder;
  readonly netvscNames: NetvscNames;
}

// Plug-in points: the axes of the design. Bind each choice under its name, by which a scenario's `design` chooses it:
// bind(RELID_MAP).toConstantValue((connection, lifetime, mover) => …).whenNamed('mine').

/** Axis relidMap: how an event finds its channel. */
export const RELID_MAP: Token<RelidMapFactory> = token('RelidMap');
/** Axis topLevel: how the top level of VMBus interrupts is counted. */
export const TOP_LEVEL: Token<TopLevel> = token('TopLevel');
/** Axis lifetime: when a channel's memory goes. */
export const CHANNEL_LIFETIME: Token<LifetimeFactory> = token('ChannelLifetime');
/** Axis modifyChannel: who waits for the host when a channel moves. */
export const MODIFY_CHANNEL: Token<ModifyChannelFactory> = token('ModifyChannel');
/** Axis offlineGuard: what keeps channels from CPUs that go offline. */
export const OFFLINE_GUARD: Token<OfflineGuardFactory> = token('OfflineGuard');
/** Axis freeCpus: which CPUs of a node count as free for a new channel. */
export const FREE_CPUS: Token<FreeCpus> = token('FreeCpus');
/** Axis offerFilter: which offers make channels. */
export const OFFER_FILTER: Token<OfferFilter> = token('OfferFilter');
/** Axis offlinePolicy: what becomes of channels whose CPU is to go offline. */
export const OFFLINE_POLICY: Token<OfflinePolicyFactory> = token('OfflinePolicy');
/** Axis ringOrder: order of the reader's accesses to a ring. */
export const RING_ORDER: Token<RingOrder> = token('RingOrder');
/** Axis flowControl: what the guest does about full rings. */
export const FLOW_CONTROL: Token<FlowControl> = token('FlowControl');
/** Axis openOrder: when a channel's callback is set. */
export const OPEN_ORDER: Token<OpenOrder> = token('OpenOrder');
/** Axis netvscNames: what netvsc calls the interrupts of its channels. */
export const NETVSC_NAMES: Token<NetvscNames> = token('NetvscNames');
