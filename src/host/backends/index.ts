import { deviceClassId } from '../../vmbus/class-ids.js';
import type { HostBackend } from '../device.js';
import { balloonBackend, framebufferBackend, keyboardBackend, mouseBackend } from './answering.js';
import { NetworkBackend } from './network.js';
import { PciBackend } from './pci.js';
import { StorageBackend } from './storage.js';
import { UtilBackend } from './util.js';

export { balloonBackend, framebufferBackend, keyboardBackend, mouseBackend } from './answering.js';
export { NetworkBackend } from './network.js';
export { PciBackend } from './pci.js';
export { StorageBackend } from './storage.js';
export { UtilBackend } from './util.js';

const storageClasses = ['ide', 'scsi', 'fc'];
const utilClasses = ['heartbeat', 'timesync', 'shutdown', 'kvp', 'vss', 'fcopy'];

/** Models of all device classes that the drivers of src/drivers serve, but for hv_sock, which needs none. */
export function builtinBackends(): HostBackend[] {
  return [
    ...storageClasses.map((name) => new StorageBackend(deviceClassId(name))),
    ...utilClasses.map((name) => new UtilBackend(deviceClassId(name))),
    new NetworkBackend(),
    new PciBackend(),
    balloonBackend(),
    mouseBackend(),
    keyboardBackend(),
    framebufferBackend(),
  ];
}
