/**
 * The model's parts for tests, designs and races of one's own: small guests, the interrupt layer, VMBus, and what the
 * host and the designs of VMBus are plugged in by.
 *
 * @module irqlab/lab
 */
export { type HostSide, LeanGuest, type LeanGuestOptions, noLine } from './lab/lean-guest.js';
export { RaceGuest, type RaceGuestOptions } from './lab/race-guest.js';
export { RaceHost } from './lab/race-host.js';
export { handlerOf, RaceLine, type RaceLineOptions } from './lab/race-line.js';
export { designParts } from './vmbus/variants/index.js';
export { type DesignPreset, designPresets } from './vmbus/variants/presets.js';
export { type DesignAxis, defaultDesign, designChoices, type VmbusDesign } from './vmbus/variants/design.js';
export { callbackMode, type VmbusChannel } from './vmbus/channel/channel.js';
export { ChannelOperations, type OpenOptions } from './vmbus/channel/open.js';
export { IRQ_DOMAIN_PLUGIN, type IrqDomainPlugin } from './irq/irqdomain-plugin.js';
export * as irq from './irq/index.js';
export { IrqCore } from './irq/core.js';
export { CpuMask } from './machine/cpumask.js';
export { Machine } from './machine/machine.js';
export {
  type GuestPacket,
  HOST_BACKEND,
  type HostBackend,
  type HostChannel,
  type HostDeviceServices,
} from './host/device.js';
export { HOST_OBSERVER, type HostObserver } from './host/observer.js';
export type { ChannelMover } from './vmbus/channel/mover.js';
export type { VmbusConnection } from './vmbus/connection/connection.js';
export type { ConnectionPort } from './vmbus/connection/port.js';
export type { HostPort } from './vmbus/host-port.js';
export type { RelidMap } from './vmbus/relid-map.js';
export type { ControlMessages } from './vmbus/variants/control-messages.js';
export {
  CHANNEL_LIFETIME,
  type DesignParts,
  type LifetimeFactory,
  MODIFY_CHANNEL,
  type ModifyChannelFactory,
  FREE_CPUS,
  OFFER_FILTER,
  OFFLINE_GUARD,
  OFFLINE_POLICY,
  type OfflineGuardFactory,
  type OfflinePolicyFactory,
  OPEN_ORDER,
  RELID_MAP,
  type RelidMapFactory,
  RING_ORDER,
  TOP_LEVEL,
  type TopLevel,
} from './vmbus/variants/design-parts.js';
export type { ChannelLifetime } from './vmbus/variants/lifetime.js';
export type { ModifyChannelPolicy } from './vmbus/variants/modify-channel-policy.js';
export type { FreeCpus } from './vmbus/variants/free-cpus.js';
export type { OfferFilter } from './vmbus/variants/offer-filter.js';
export type { OfflineGuard } from './vmbus/variants/offline-guard.js';
export type { OfflinePolicy } from './vmbus/variants/offline-policy.js';
export type { OpenOrder } from './vmbus/variants/open-order.js';
export { PlainRelidMap } from './vmbus/variants/plain-map.js';
export type { RingOrder } from './vmbus/ring/order.js';
export { Vmbus } from './vmbus/vmbus.js';
