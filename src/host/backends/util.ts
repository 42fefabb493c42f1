import type { Ns } from '../../lib/brand.js';
import type { Guid } from '../../vmbus/guid.js';
import type { HostBackend, HostDeviceServices } from '../device.js';
import type { HostChannel } from '../host-channel.js';
import { ICMSGTYPE, icMessage } from '../protocols/util.js';

const NEGOTIATE_NS: Ns = 50_000;
/** Framework 3.0 and one message version, in pairs of 16-bit numbers: major below, minor above. */
const negotiation: readonly number[] = [0x0001_0001, 0, 3, 3];

/** An integration service: begins with the versions as soon as the guest opens the channel. */
export class UtilBackend implements HostBackend {
  constructor(readonly classId: Guid) {}

  opened(channel: HostChannel, services: HostDeviceServices): void {
    services.send(channel, icMessage(ICMSGTYPE.NEGOTIATE, ...negotiation), 1, NEGOTIATE_NS);
  }
}
