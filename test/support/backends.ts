import { builtinBackends } from '../../src/host/backends/index.js';
import type { GuestPacket, HostBackend, HostChannel, HostDeviceServices } from '../../src/host/device.js';
import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';

/** The packets of a backend, and what it does with one: `true` hands it to the normal model. */
export type Intercept = (packet: GuestPacket, channel: HostChannel, services: HostDeviceServices) => boolean;

/** The normal models, with one class's packets looked at first. */
export function backendsWith(className: string, intercept: Intercept): HostBackend[] {
  const classId = deviceClassId(className);
  return builtinBackends().map((backend) => {
    if (backend.classId !== classId) return backend;
    return {
      classId,
      opened: (channel, services) => backend.opened?.(channel, services),
      packet: (channel, packet, services) => {
        if (intercept(packet, channel, services)) backend.packet?.(channel, packet, services);
      },
    };
  });
}
