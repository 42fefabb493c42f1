import type { NetDevice } from './net-devices.js';

/** What a driver makes of a device, as /sys/class shows it (struct device with a class): `eth0` of class net. */
export interface ClassDevice {
  /** Its class: `net`, `scsi_host`, `scsi_device`, `nvme`. */
  readonly className: string;
  readonly name: string;
  /** Path between its parent's directory and that of its class, such as `host0`; default: none. */
  readonly below?: string;
  /** Files of its own, each with its text. */
  readonly files?: Readonly<Record<string, () => string>>;
}

/** Ethernet (ARPHRD_ETHER). */
const ETHERNET = 1;

/** A network interface as /sys/class/net shows it (net/core/net-sysfs.c), as far as it is known here. */
export function netClassDevice({ name, ifindex, options: { address } }: NetDevice): ClassDevice {
  const line = (text: string | number) => (): string => `${text}\n`;
  return {
    className: 'net',
    name,
    files: {
      addr_len: line(6),
      ...(address !== undefined && { address: line(address) }),
      ifindex: line(ifindex),
      iflink: line(ifindex),
      mtu: line(1500),
      operstate: line('up'),
      type: line(ETHERNET),
      uevent: () => `INTERFACE=${name}\nIFINDEX=${ifindex}\n`,
    },
  };
}

/** A SCSI host as /sys/class/scsi_host shows it (drivers/scsi/scsi_sysfs.c), as far as it is known here. */
export function scsiHostClassDevice(host: number, procName: string): ClassDevice {
  return {
    className: 'scsi_host',
    name: `host${host}`,
    below: `host${host}`,
    files: { active_mode: () => 'Initiator\n', proc_name: () => `${procName}\n`, state: () => 'running\n' },
  };
}

/** A disk as /sys/class/scsi_device shows it (drivers/scsi/scsi_sysfs.c), which is on channel 0 of its host. */
export function scsiClassDevice(host: number, target: number, lun: number): ClassDevice {
  const name = `${host}:0:${target}:${lun}`;
  return {
    className: 'scsi_device',
    name,
    below: `host${host}/target${host}:0:${target}/${name}`,
  };
}
