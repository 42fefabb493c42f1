import type { Lock } from '../../machine/lock.js';
import type { LineAccounting } from '../../platform/line-accounting.js';
import type { ChannelMover } from '../channel/mover.js';
import type { ConnectionPort } from '../connection-port.js';
import type { RelidMap } from '../relid-map.js';
import type { ControlMessages } from './control-messages.js';
import type { ChannelLifetime } from './lifetime.js';
import type { ModifyChannelPolicy } from './modify-channel.js';
import type { OfflineGuard } from './offline-guard.js';
import type { OpenOrder } from './open-order.js';
import type { RingOrder } from './ring-order.js';

/** Builds a relid map for a connection that is being built itself. */
export type RelidMapFactory = (
  connection: ConnectionPort,
  lifetime: ChannelLifetime,
  mover: ChannelMover,
) => RelidMap;

/** @param channelMutex is held while channels come and go. */
export type LifetimeFactory = (channelMutex: Lock) => ChannelLifetime;
export type ModifyChannelFactory = (connection: ConnectionPort) => ModifyChannelPolicy;
export type OfflineGuardFactory = (connection: ConnectionPort) => OfflineGuard;

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
  readonly ringOrder: RingOrder;
  readonly openOrder: OpenOrder;
}
