import { ICMSGTYPE } from '../../host/protocols/icmsg.js';
import { type IcVersion, icVersion } from './negotiate.js';

/** Framework versions: that of today, and that of Windows Server 2008 (UTIL_FW_VERSION, UTIL_WS2K8_FW_VERSION). */
const FRAMEWORKS = [icVersion(3), icVersion(1)];
const TIMESYNC_4_BYTES = 22;
const TIMESYNC_BYTES = 25;

/** One integration service, as the guest knows it. */
export interface IntegrationService {
  /** What the log calls it where it tells of its version, and of its requests. */
  readonly name: string;
  readonly requests: string;
  readonly frameworks: readonly IcVersion[];
  /** Versions of its messages that the guest understands, newest first. */
  readonly versions: readonly IcVersion[];
  /** Type of its requests (ICMSGTYPE). */
  readonly type: number;
  /** Bytes that a request has at least, behind its headers, in messages of version `agreed`. */
  readonly bytes: (agreed: IcVersion) => number;
  /** What the log says of a shorter one. */
  readonly tooSmall: (agreed: IcVersion) => string;
  /** Whether the callback reads all packets, or one each time that it runs. */
  readonly readsAll: boolean;
  /** A program in user space does what the host asks for. */
  readonly daemon?: 'kvp' | 'vss' | 'fcopy';
}

/** The services by the names of their device classes (drivers/hv/hv_util.c, hv_kvp.c, hv_snapshot.c, hv_fcopy.c). */
export const services: Readonly<Record<string, IntegrationService>> = {
  heartbeat: {
    name: 'Heartbeat',
    requests: 'Heartbeat',
    frameworks: FRAMEWORKS,
    versions: [icVersion(3), icVersion(1)],
    type: ICMSGTYPE.HEARTBEAT,
    bytes: () => 8,
    tooSmall: () => 'Invalid heartbeat msg data. Length too small',
    readsAll: true,
  },
  timesync: {
    name: 'TimeSync',
    requests: 'Timesync',
    frameworks: FRAMEWORKS,
    versions: [icVersion(4), icVersion(3), icVersion(1)],
    type: ICMSGTYPE.TIMESYNC,
    bytes: (agreed) => (agreed > icVersion(3) ? TIMESYNC_4_BYTES : TIMESYNC_BYTES),
    tooSmall: (agreed) => `Invalid ictimesync ${agreed > icVersion(3) ? 'ref ' : ''}data. Length too small`,
    readsAll: true,
  },
  shutdown: {
    name: 'Shutdown',
    requests: 'Shutdown',
    frameworks: FRAMEWORKS,
    versions: [icVersion(3, 2), icVersion(3, 1), icVersion(3), icVersion(1)],
    type: ICMSGTYPE.SHUTDOWN,
    bytes: () => 2060,
    tooSmall: () => 'Invalid shutdown msg data. Packet length too small',
    readsAll: false,
  },
  kvp: {
    name: 'KVP',
    requests: 'KVP',
    frameworks: FRAMEWORKS,
    versions: [icVersion(4), icVersion(3), icVersion(1)],
    type: ICMSGTYPE.KVPEXCHANGE,
    bytes: () => 0,
    tooSmall: () => '',
    readsAll: false,
    daemon: 'kvp',
  },
  vss: {
    name: 'VSS',
    requests: 'VSS',
    frameworks: [icVersion(3)],
    versions: [icVersion(5)],
    type: ICMSGTYPE.VSS,
    bytes: () => 12,
    tooSmall: () => 'Invalid VSS msg. Packet length too small',
    readsAll: false,
    daemon: 'vss',
  },
  fcopy: {
    name: 'FCopy',
    requests: 'Fcopy',
    frameworks: [icVersion(3)],
    versions: [icVersion(1, 1)],
    type: ICMSGTYPE.FCOPY,
    bytes: () => 36,
    tooSmall: () => 'Invalid Fcopy hdr. Packet length too small',
    readsAll: false,
    daemon: 'fcopy',
  },
};
