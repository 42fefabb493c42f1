/**
 * What netvsc calls the interrupts of its channels: a plug-in point of the design, since the RFC leaves it open. A
 * channel's interrupt is requested, and so named, when the channel is opened. The primary channel is opened to ask the
 * host what there is to know of the adapter; only then has it a network device whose name register_netdevice makes:
 *
 * ```
 * netvsc_probe
 *   alloc_etherdev_mq              the device is called "eth%d"
 *   rndis_filter_device_add
 *     vmbus_open                   request_irq: the primary channel's interrupt gets its name
 *   register_netdevice             the device is called eth0
 * netvsc_subchan_work
 *   vmbus_open                     request_irq: those of sub-channels get theirs
 * ```
 */
export interface NetvscNames {
  /**
   * The name of a channel's interrupt when the channel is about to be opened; undefined: that of its class.
   *
   * @param netdev name of the network device at this moment.
   * @param index of the channel, 0 for the primary one.
   */
  atOpen(netdev: string, index: number): string | undefined;
  /** The name from the moment on at which the network device has its own; undefined: it stays. */
  afterRegister(netdev: string, index: number): string | undefined;
}

/** The RFC: all channels are called `netvsc`. */
export class ClassNameOnly implements NetvscNames {
  atOpen(): undefined {}

  afterRegister(): undefined {}
}

/** `netvsc:ethN-K`, as far as is known when a channel is opened: the primary one is `netvsc:eth%d-0`. */
export class NetdevNameAtOpen implements NetvscNames {
  atOpen(netdev: string, index: number): string {
    return nameOf(netdev, index);
  }

  afterRegister(_netdev: string, _index: number): string | undefined {
    return undefined;
  }
}

/**
 * `netvsc:ethN-K` for all: the driver writes the primary channel's name again once it is known. /proc/interrupts shows
 * it, since an action has a pointer to its name; the directory in /proc/irq that request_irq made keeps the old one.
 */
export class NetdevNameWhenKnown extends NetdevNameAtOpen {
  override afterRegister(netdev: string, index: number): string {
    return nameOf(netdev, index);
  }
}

function nameOf(netdev: string, index: number): string {
  return `netvsc:${netdev}-${index}`;
}
