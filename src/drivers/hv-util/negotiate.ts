import { IC_VERSIONS_OFFSET, ICMSG_HEADER_BYTES, type IcMessage } from '../../host/protocols/icmsg.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';

/** A version of the framework or of a service's messages, major above, minor below (as `fw_versions` and the like). */
export type IcVersion = number;

export const icVersion = (major: number, minor = 0): IcVersion => (major << 16) | minor;

/** Most versions of each kind that a host may offer (IC_VERSION_NEGOTIATION_MAX_VER_COUNT). */
const MAX_VERSIONS = 100;
const VERSION_BYTES = 4;
const ANSWER_BYTES = 0x10;

/**
 * Turns the host's offer of versions into the answer: of framework and messages the first of the guest's that the host
 * has, or counts of 0 (drivers/hv/channel_mgmt.c vmbus_prep_negotiate_resp).
 *
 * @returns the version of the messages; undefined if there is none.
 */
export function prepNegotiateResp(
  message: IcMessage,
  frameworks: readonly IcVersion[],
  versions: readonly IcVersion[],
  operations: Pick<ChannelOperations, 'printkRatelimited'>,
): IcVersion | undefined {
  const complain = (place: string, text: string): void =>
    operations.printkRatelimited(
      'vmbus_prep_negotiate_resp',
      place,
      `hv_vmbus: Invalid icmsg negotiate${text}`,
    );
  const { length } = message.bytes;
  if (length < ICMSG_HEADER_BYTES + IC_VERSIONS_OFFSET / 2) {
    complain('length', '');
    return undefined;
  }
  message.size = ANSWER_BYTES;
  const [frameworkCount, messageCount] = [message.half(0), message.half(2)];
  const offered = (from: number, count: number): IcVersion[] =>
    Array.from({ length: count }, (_, i) => {
      const at = IC_VERSIONS_OFFSET + (from + i) * VERSION_BYTES;
      return icVersion(message.half(at), message.half(at + 2));
    });
  let framework = icVersion(frameworkCount);
  let agreed = icVersion(messageCount);
  let found = false;
  const needed = ICMSG_HEADER_BYTES + IC_VERSIONS_OFFSET + (frameworkCount + messageCount) * VERSION_BYTES;
  if (frameworkCount > MAX_VERSIONS || messageCount > MAX_VERSIONS || needed > length) {
    complain('counts', ` - icframe_major: ${frameworkCount}, icmsg_major: ${messageCount}`);
  } else {
    const known = firstOf(frameworks, offered(0, frameworkCount));
    if (known !== undefined) {
      framework = known;
      const version = firstOf(versions, offered(frameworkCount, messageCount));
      found = version !== undefined;
      agreed = version ?? agreed;
    }
  }
  message.setHalf(0, found ? 1 : 0);
  message.setHalf(2, found ? 1 : 0);
  [framework, agreed].forEach((version, i) => {
    message.setHalf(IC_VERSIONS_OFFSET + i * VERSION_BYTES, version >>> 16);
    message.setHalf(IC_VERSIONS_OFFSET + i * VERSION_BYTES + 2, version & 0xffff);
  });
  return found ? agreed : undefined;
}

function firstOf(mine: readonly IcVersion[], offered: readonly IcVersion[]): IcVersion | undefined {
  return mine.find((version) => offered.includes(version));
}
