import type { Ns } from '../../lib/brand.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import type { Guid } from '../../vmbus/protocol/guid.js';
import { VM_PKT } from '../../vmbus/ring/index.js';
import type { GuestPacket, HostBackend, HostChannel, HostDeviceServices } from '../device.js';
import {
  PCI,
  pciBusRelations,
  pciResponse,
  pciVersions,
  pciWord,
  STATUS_REVISION_MISMATCH,
} from '../protocols/pci.js';

/** A message to its answer. */
const MESSAGE_NS: Ns = 50_000;
/** The one PCI device behind each VMBus device: slot 0. */
const slots: readonly number[] = [0];

/** PCI devices passed through. */
export class PciBackend implements HostBackend {
  readonly classId: Guid = deviceClassId('pci');

  packet(channel: HostChannel, { payload, transactionId }: GuestPacket, services: HostDeviceServices): void {
    const complete = (status: number): void => {
      services.send(channel, pciResponse(status), transactionId, MESSAGE_NS, VM_PKT.COMP);
    };
    switch (pciWord(payload, 0)) {
      case PCI.QUERY_PROTOCOL_VERSION:
        complete(pciVersions.includes(pciWord(payload, 1)) ? 0 : STATUS_REVISION_MISMATCH);
        return;
      case PCI.QUERY_BUS_RELATIONS:
        services.send(channel, pciBusRelations(slots), 0, MESSAGE_NS);
        return;
      case PCI.QUERY_RESOURCE_REQUIREMENTS:
      case PCI.BUS_D0ENTRY:
      case PCI.RESOURCES_ASSIGNED2:
        complete(0);
        return;
      default:
    }
  }
}
