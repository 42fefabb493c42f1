import type { Ns } from '../../lib/brand.js';
import type { Guid } from '../../vmbus/protocol/guid.js';
import type { HostBackend, HostChannel, HostDeviceServices } from '../device.js';
import { ICMSGTYPE, icMessage } from '../protocols/icmsg.js';

const NEGOTIATE_NS: Ns = 50_000;
/** One framework and one message version are offered. */
const COUNTS = 0x0001_0001;
/** The framework version: major below, minor above. */
const FRAMEWORK_3_0 = 3;

/** An integration service: begins with the versions as soon as the guest opens the channel. */
export class IntegrationServiceBackend implements HostBackend {
  /** @param version of its messages: major below, minor above. */
  constructor(
    readonly classId: Guid,
    private readonly version: number,
  ) {}

  opened(channel: HostChannel, services: HostDeviceServices): void {
    services.send(
      channel,
      icMessage(ICMSGTYPE.NEGOTIATE, COUNTS, 0, FRAMEWORK_3_0, this.version),
      1,
      NEGOTIATE_NS,
    );
  }
}
