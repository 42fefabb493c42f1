import type { CpuId, Irq } from '../../../lib/brand.js';
import type { MsiMsg } from '../../../irq/data/irqdata.js';

/** Where an interrupt of a passed-through device goes: a vector of one of these CPUs, or on arm64 an SPI. */
export interface InterruptTarget {
  readonly vector: number;
  readonly cpus: readonly CpuId[];
}

/** What the host is asked to make for a line (struct hv_msi_desc). */
export interface InterruptRequest extends InterruptTarget {
  /** Slot and function of the device on its bus. */
  readonly devfn: number;
  /** Lines that the message stands for: more than one only for MSI without X. */
  readonly vectorCount: number;
}

/** What the host has made for a line (struct tran_int_desc). */
export interface TranslatedInterrupt {
  readonly msg: MsiMsg;
  /** 0: the line shares the message of another one, and the host knows nothing of it. */
  readonly vectorCount: number;
}

/**
 * The host behind a bus, as the bus' irqdomain needs it (drivers/pci/controller/pci-hyperv.c): its driver's messages and
 * hypercalls. All of it may be called with desc->lock held.
 */
export interface HypervPciBus {
  /** The bus has this function (get_pcichild_wslot). */
  hasFunction(devfn: number): boolean;
  /** Asks for a message; undefined if the host has refused, or the device is gone (hv_compose_msi_msg). */
  createInterrupt(request: InterruptRequest): TranslatedInterrupt | undefined;
  /** The host may forget a message (hv_int_desc_free). */
  deleteInterrupt(devfn: number, interrupt: TranslatedInterrupt): void;
  /** Has the device's message go elsewhere (HVCALL_RETARGET_INTERRUPT). */
  retargetInterrupt(devfn: number, msg: MsiMsg, target: InterruptTarget): void;
  /** A line is unmasked for which the host has made nothing. */
  cannotUnmask(irq: Irq): void;
}

/** Where the host takes what a device of a bus sends; undefined: it has made no such message. */
export type Redirection = (msg: MsiMsg) => InterruptTarget | undefined;

/** A platform's buses that Hyper-V passes through, for the driver that serves them. */
export interface HypervPciBuses {
  /**
   * A bus comes, with its irqdomain (hv_pcie_init_irq_domain).
   *
   * @param number of its PCI domain.
   * @param instance GUID of the VMBus device that it is.
   */
  attach(number: number, instance: string, bus: HypervPciBus, redirection: Redirection): void;
  /** The bus goes; its functions have gone before. */
  detach(number: number): void;
  /** What the host made for the lines of a bus is made anew, after a sleep (hv_pci_restore_msi_state). */
  restore(number: number): void;
}
