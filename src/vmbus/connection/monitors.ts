import type { MonitorTriggers } from '../host-port.js';

const GROUPS = 4;
const GROUP_BITS = 32;

/**
 * The page by which a guest signals channels that have a monitor: a bit that the host polls, instead of a hypercall
 * (monitor_pages[1] of struct vmbus_connection, struct hv_monitor_page).
 */
export class MonitorPage implements MonitorTriggers {
  private readonly triggers = new Uint32Array(GROUPS);

  /** The guest has something for the host in the channel with this monitor (vmbus_setevent). */
  trigger(monitorId: number): void {
    this.triggers[groupOf(monitorId)] |= 1 << (monitorId % GROUP_BITS);
  }

  take(monitorId: number): boolean {
    const group = groupOf(monitorId);
    const bit = 1 << (monitorId % GROUP_BITS);
    const isSet = (this.triggers[group] & bit) !== 0;
    this.triggers[group] &= ~bit;
    return isSet;
  }

  /** Triggers of the monitor's group that the host has not taken. */
  pending(monitorId: number): number {
    return this.triggers[groupOf(monitorId)];
  }
}

/** A hostile host may name a monitor that the page does not have; Linux writes beyond it. */
function groupOf(monitorId: number): number {
  return Math.floor(monitorId / GROUP_BITS) % GROUPS;
}
