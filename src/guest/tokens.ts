import type { ServiceIdentifier } from 'inversify';
import type { IrqCore } from '../irq/core.js';
import type { Procedure } from '../machine/step.js';
import type { HostBackend } from '../host/device.js';
import type { Platform } from '../platform/platform.js';
import type { VmbusDriver } from '../vmbus/driver.js';
import type { GuestPort } from '../vmbus/host-port.js';

/**
 * An irqdomain of a third party: its own domain, chip and interrupts beside those of VMBus. Attached while the guest
 * boots, before VMBus is.
 */
export interface IrqDomainPlugin {
  readonly name: string;
  /** Makes the domain and whatever belongs to it. */
  attach(core: IrqCore): Procedure<void>;
}

/** Plug-in point: drivers for classes of VMBus devices. Bind any number; those bound last are asked first. */
export const VMBUS_DRIVER: ServiceIdentifier<VmbusDriver> = Symbol.for('irqlab.VmbusDriver');
/** Plug-in point: irqdomains outside VMBus. Bind any number. */
export const IRQ_DOMAIN_PLUGIN: ServiceIdentifier<IrqDomainPlugin> = Symbol.for('irqlab.IrqDomainPlugin');
/** Plug-in point: models of devices on the host's side, one for a class of devices. Bind any number. */
export const HOST_BACKEND: ServiceIdentifier<HostBackend> = Symbol.for('irqlab.HostBackend');
/** The machine's architecture. */
export const PLATFORM: ServiceIdentifier<Platform> = Symbol.for('irqlab.Platform');
/** What the host can touch of the guest. */
export const GUEST_PORT: ServiceIdentifier<GuestPort> = Symbol.for('irqlab.GuestPort');
