import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import type { HostBackend } from '../device.js';
import { balloonBackend, framebufferBackend, keyboardBackend, mouseBackend } from './answering.js';
import { NetworkBackend, type NetworkOptions } from './network.js';
import { PciBackend, type PciOptions } from './pci.js';
import { StorageBackend, type StorageOptions } from './storage.js';
import { IntegrationServiceBackend } from './integration-service.js';

export { balloonBackend, framebufferBackend, keyboardBackend, mouseBackend } from './answering.js';
export { NetworkBackend, type NetworkOptions } from './network.js';
export { PciBackend } from './pci.js';
export { StorageBackend, type StorageOptions } from './storage.js';
export { IntegrationServiceBackend } from './integration-service.js';

const storageClasses = ['ide', 'scsi', 'fc'];
/** Integration services, with the versions of their messages that a host of today offers: major below, minor above. */
const integrationServices: readonly (readonly [name: string, version: number])[] = [
  ['heartbeat', 3],
  ['timesync', 4],
  ['shutdown', 0x2_0003],
  ['kvp', 4],
  ['vss', 5],
  ['fcopy', 0x1_0001],
];

export interface BackendOptions {
  readonly storage?: StorageOptions;
  readonly network?: NetworkOptions;
  readonly pci?: PciOptions;
}

/** Models of all device classes that the drivers of src/drivers serve, but for hv_sock, which needs none. */
export function builtinBackends({ storage, network, pci }: BackendOptions = {}): HostBackend[] {
  return [
    ...storageClasses.map((name) => new StorageBackend(deviceClassId(name), storage)),
    ...integrationServices.map(
      ([name, version]) => new IntegrationServiceBackend(deviceClassId(name), version),
    ),
    new NetworkBackend(network),
    new PciBackend(pci),
    balloonBackend(),
    mouseBackend(),
    keyboardBackend(),
    framebufferBackend(),
  ];
}
