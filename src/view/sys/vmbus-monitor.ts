import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import type { Vmbus } from '../../vmbus/vmbus.js';
import { type FileNode, sysfsFile } from '../tree-node.js';

/** Nobody gives a trigger a latency or a connection: the pages are the host's to fill, and it leaves them. */
const UNSET = 0;

function show(value: () => number): FileNode {
  return sysfsFile(0o444, { show: () => `${value() | 0}\n` });
}

/** Files of a device whose primary channel has a monitor; others have none (vmbus_dev_attr_is_visible). */
export function deviceMonitorFiles(vmbus: Vmbus, { offer }: VmbusChannel): Record<string, FileNode> {
  if (!offer.monitorAllocated) return {};
  const side = (name: string, pending: () => number): Record<string, FileNode> => ({
    [`${name}_monitor_conn_id`]: show(() => UNSET),
    [`${name}_monitor_latency`]: show(() => UNSET),
    [`${name}_monitor_pending`]: show(pending),
  });
  return {
    monitor_id: show(() => offer.monitorId),
    ...side('server', () => 0),
    ...side('client', () => vmbus.connection.monitors.pending(offer.monitorId)),
  };
}

/** The same of a channel (vmbus_chan_attr_is_visible). */
export function channelMonitorFiles(vmbus: Vmbus, { offer }: VmbusChannel): Record<string, FileNode> {
  if (!offer.monitorAllocated) return {};
  return {
    latency: show(() => UNSET),
    monitor_id: show(() => offer.monitorId),
    pending: show(() => vmbus.connection.monitors.pending(offer.monitorId)),
  };
}
