import { type Token, token } from '../../lib/token.js';
import type {
  LifetimeFactory,
  ModifyChannelFactory,
  OfflineGuardFactory,
  RelidMapFactory,
  TopLevel,
} from './design-parts.js';
import type { OpenOrder } from './open-order.js';
import type { RingOrder } from './ring-order.js';

// Plug-in points: the axes of the design. Bind each choice under its name, by which a scenario's `design` chooses it:
// bind(RELID_MAP).toConstantValue((connection, lifetime, mover) => …).whenNamed('mine').

/** How an event finds its channel (relidMap). */
export const RELID_MAP: Token<RelidMapFactory> = token('RelidMap');
/** How the top level of VMBus interrupts is counted (topLevel). */
export const TOP_LEVEL: Token<TopLevel> = token('TopLevel');
/** When a channel's memory goes (lifetime). */
export const CHANNEL_LIFETIME: Token<LifetimeFactory> = token('ChannelLifetime');
/** Who waits for the host when a channel moves (modifyChannel). */
export const MODIFY_CHANNEL: Token<ModifyChannelFactory> = token('ModifyChannel');
/** What keeps channels from CPUs that go offline (offlineGuard). */
export const OFFLINE_GUARD: Token<OfflineGuardFactory> = token('OfflineGuard');
/** Order of the reader's accesses to a ring (ringOrder). */
export const RING_ORDER: Token<RingOrder> = token('RingOrder');
/** When a channel's callback is set (openOrder). */
export const OPEN_ORDER: Token<OpenOrder> = token('OpenOrder');
