import { Lock } from './lock.js';
import { perMachine } from './per-machine.js';
import { inFrame, type Procedure } from './step.js';

/** A function of PCI that an interface is made of. */
export interface NetDeviceParent {
  /** Its driver's name and its own, as the log has them. */
  readonly label: string;
  /** Name of its slot; undefined: it has none. */
  readonly slot: string | undefined;
}

/** What an interface can be made of beside its name. */
export interface NetDeviceOptions {
  /** Ethernet address. */
  readonly address?: string;
  /** Undefined: it is made of no PCI function. */
  readonly pci?: NetDeviceParent;
  /** Sends a frame of the connection with this hash, or takes one that has come. @returns false: it cannot. */
  readonly frame?: (direction: 'rx' | 'tx', hash: number) => boolean;
}

/** A network interface (struct net_device). */
export class NetDevice {
  /** Between its opening and its closing (netif_running). */
  isRunning = false;

  constructor(
    readonly name: string,
    readonly ifindex: number,
    readonly options: NetDeviceOptions,
  ) {}
}

/** What notifiers are told of an interface. */
export type NetEvent = 'register' | 'up' | 'going-down' | 'unregister';

/** Is told what becomes of interfaces, by somebody who holds RTNL (struct notifier_block). */
export type NetNotifier = (event: NetEvent, device: NetDevice) => Procedure<void>;

/** Index of the first interface behind the loopback device. */
const FIRST_INDEX = 2;

/** The network interfaces of a machine, and who is told of them (net/core/dev.c). All but `add` is called with RTNL held. */
export class NetDevices {
  /**
   * RTNL, the network stack's one lock (net/core/rtnetlink.c rtnl_mutex): whoever sets a network device up, changes it or
   * takes it down has it meanwhile, and so does everything that such a holder waits for.
   */
  readonly rtnl = new Lock('rtnl_mutex');
  readonly notifiers = new Set<NetNotifier>();
  private readonly all = new Set<NetDevice>();
  private nextIndex = FIRST_INDEX;

  [Symbol.iterator](): Iterator<NetDevice> {
    return this.all.values();
  }

  /** An interface with the lowest free name `eth…`, and a number that nobody had before; nobody is told. */
  add(options: NetDeviceOptions): NetDevice {
    const taken = new Set([...this.all].map(({ name }) => name));
    let number = 0;
    while (taken.has(`eth${number}`)) number += 1;
    const device = new NetDevice(`eth${number}`, this.nextIndex, options);
    this.nextIndex += 1;
    this.all.add(device);
    return device;
  }

  /** The interface goes, and its name is free; nobody is told. */
  delete(device: NetDevice): void {
    this.all.delete(device);
  }

  /** register_netdevice */
  *register(options: NetDeviceOptions): Procedure<NetDevice> {
    const device = this.add(options);
    yield* inFrame('register_netdevice', this.notify('register', device));
    return device;
  }

  /** dev_open */
  *open(device: NetDevice): Procedure<void> {
    if (device.isRunning) return;
    device.isRunning = true;
    yield* inFrame('dev_open', this.notify('up', device));
  }

  /** dev_close */
  *close(device: NetDevice): Procedure<void> {
    if (!device.isRunning) return;
    yield* inFrame('dev_close', this.notify('going-down', device));
    device.isRunning = false;
  }

  /** unregister_netdevice, which closes it first */
  *unregister(device: NetDevice): Procedure<void> {
    yield* this.close(device);
    yield* inFrame('unregister_netdevice', this.notify('unregister', device));
    this.delete(device);
  }

  private *notify(event: NetEvent, device: NetDevice): Procedure<void> {
    for (const notifier of this.notifiers) yield* notifier(event, device);
  }
}

/** The interfaces of a machine. */
export const netDevices = perMachine(() => new NetDevices());
