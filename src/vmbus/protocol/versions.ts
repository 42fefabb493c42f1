/** Name of a protocol version, `major.minor` as the kernel logs it. */
export type VmbusVersionName =
  | '0.13'
  | '1.1'
  | '2.4'
  | '3.0'
  | '4.0'
  | '4.1'
  | '5.0'
  | '5.1'
  | '5.2'
  | '5.3'
  | '6.0';

export interface VmbusVersion {
  readonly name: VmbusVersionName;
  /** As in INITIATE_CONTACT: major << 16 | minor. */
  readonly wire: number;
}

function version(name: VmbusVersionName): VmbusVersion {
  const [major, minor] = name.split('.').map(Number);
  return { name, wire: (major << 16) | minor };
}

/** All versions, newest first: the order in which the guest proposes them (drivers/hv/connection.c vmbus_versions). */
export const vmbusVersions: readonly VmbusVersion[] = [
  version('6.0'),
  version('5.3'),
  version('5.2'),
  version('5.1'),
  version('5.0'),
  version('4.1'),
  version('4.0'),
  version('3.0'),
  version('2.4'),
  version('1.1'),
  version('0.13'),
];

/** Wire values of the versions that the kernel's code compares with (include/linux/hyperv.h VERSION_*). */
export const VERSION_WS2008 = version('0.13').wire;
export const VERSION_WIN7 = version('1.1').wire;
export const VERSION_WIN8 = version('2.4').wire;
export const VERSION_WIN8_1 = version('3.0').wire;
export const VERSION_WIN10 = version('4.0').wire;
export const VERSION_WIN10_V4_1 = version('4.1').wire;
export const VERSION_WIN10_V5 = version('5.0').wire;
export const VERSION_WIN10_V5_1 = version('5.1').wire;
export const VERSION_WIN10_V5_2 = version('5.2').wire;
export const VERSION_WIN10_V5_3 = version('5.3').wire;
export const VERSION_WIN10_V6_0 = version('6.0').wire;

/** Connection that a guest posts its messages to (VMBUS_MESSAGE_CONNECTION_ID). */
export const VMBUS_MESSAGE_CONNECTION_ID = 1;
/** Where INITIATE_CONTACT of version 5.0 and newer goes; older hosts have no such connection. */
export const VMBUS_MESSAGE_CONNECTION_ID_4 = 4;

/** The version's wire value. @throws TypeError if there is no version of this name. */
export function versionWire(name: string): number {
  const found = vmbusVersions.find((known) => known.name === name);
  if (found === undefined) {
    const names = vmbusVersions.map((known) => known.name).join(', ');
    throw new TypeError(`no VMBus version ${JSON.stringify(name)}: there are ${names}`);
  }
  return found.wire;
}

/** The name of a wire value, if a version has it. */
export function versionName(wire: number): VmbusVersionName | undefined {
  return vmbusVersions.find((known) => known.wire === wire)?.name;
}
