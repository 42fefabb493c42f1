import { HOST_BACKEND } from '../../host/device.js';
import { HOST_OBSERVER } from '../../host/observer.js';
import { IRQ_DOMAIN_PLUGIN } from '../../irq/irqdomain-plugin.js';
import { PluginError } from '../../lib/plugin-error.js';
import type { Token } from '../../lib/token.js';
import { PLATFORM_DEFINITION } from '../../platform/platform.js';
import type { GuestOptions } from '../../scenario/options/guest.js';
import { TRACE_EVENT } from '../../trace/event-token.js';
import { GUEST_FILE } from '../../view/guest-file.js';
import { VMBUS_DRIVER } from '../../vmbus/driver.js';
import { DeviceSettings } from '../device-settings.js';
import { assembleGuest } from './assemble.js';
import type { PluginModule } from './contributions.js';
import { axisToken, designAxes } from './design-axes.js';

/** What plug-ins can bind for guests. */
export const guestTokens: readonly Token<unknown>[] = [
  VMBUS_DRIVER,
  HOST_BACKEND,
  HOST_OBSERVER,
  IRQ_DOMAIN_PLUGIN,
  GUEST_FILE,
  TRACE_EVENT,
  PLATFORM_DEFINITION,
  ...designAxes.map(axisToken),
];

/**
 * Puts a guest together that is never booted, to see whether plug-ins bind what can be used. What they throw
 * themselves may be about this guest only, and comes again with the guest that is wanted.
 *
 * @throws PluginError if not.
 */
export function tryGuest(plugins: readonly PluginModule[]): void {
  const options: GuestOptions = { cpus: 2 };
  try {
    assembleGuest(options, new DeviceSettings(options), plugins);
  } catch (error) {
    if (error instanceof PluginError) throw error;
  }
}
