import type { Machine } from './machine.js';

/** A network interface (struct net_device). */
export interface NetDevice {
  readonly name: string;
  readonly ifindex: number;
}

/** Index of the first interface behind the loopback device. */
const FIRST_INDEX = 2;

/** The network interfaces of a machine: their names and numbers (net/core/dev.c). */
export class NetDevices {
  private readonly all = new Set<NetDevice>();
  private nextIndex = FIRST_INDEX;

  /** An interface with the lowest free name `eth…`, and a number that nobody had before (register_netdevice). */
  register(): NetDevice {
    const taken = new Set([...this.all].map(({ name }) => name));
    let number = 0;
    while (taken.has(`eth${number}`)) number += 1;
    const device = { name: `eth${number}`, ifindex: this.nextIndex };
    this.nextIndex += 1;
    this.all.add(device);
    return device;
  }

  /** The interface goes, and its name is free. */
  unregister(device: NetDevice): void {
    this.all.delete(device);
  }
}

const ofMachines = new WeakMap<Machine, NetDevices>();

/** The interfaces of a machine. */
export function netDevices(machine: Machine): NetDevices {
  let devices = ofMachines.get(machine);
  if (devices === undefined) {
    devices = new NetDevices();
    ofMachines.set(machine, devices);
  }
  return devices;
}
