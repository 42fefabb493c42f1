import { isUnsupportedDevice } from '../protocol/class-ids.js';
import type { Guid } from '../protocol/guid.js';

/** Which offers make channels. */
export interface OfferFilter {
  /** True if an offer of this class is to be taken. */
  takes(classId: Guid): boolean;
}

/** Devices that only Windows has drivers for are dropped (RFC patch 1, vmbus_onoffer). */
export class DropUnsupported implements OfferFilter {
  takes(classId: Guid): boolean {
    return !isUnsupportedDevice(classId);
  }
}

/** They make channels and devices without a driver: before the RFC (drivers/hv/channel_mgmt.c of 6.1, 6.12 and 7.2). */
export class KeepUnsupported implements OfferFilter {
  takes(): boolean {
    return true;
  }
}
