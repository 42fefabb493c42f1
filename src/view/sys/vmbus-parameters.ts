import type { Vmbus } from '../../vmbus/vmbus.js';
import { StaticDirectory, sysfsFile } from '../tree-node.js';

/** /sys/module/hv_vmbus/parameters (drivers/hv/connection.c). */
export function vmbusParameters({ connection }: Vmbus): StaticDirectory {
  return new StaticDirectory(0o755, {
    max_version: sysfsFile(0o444, { show: () => `${connection.maxVersion}\n` }),
  });
}
