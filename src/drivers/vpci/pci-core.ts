import type { PciFunctionDescription } from '../../host/protocols/pci-functions.js';
import { type Token, token } from '../../lib/token.js';
import type { Procedure } from '../../machine/step.js';
import type { HypervPciBus } from '../../platform/pci/hyperv/bus-port.js';
import type { Guid } from '../../vmbus/protocol/guid.js';

/** A function that the host has on a bus. */
export interface PciFunctionFound {
  /** Slot and function. */
  readonly devfn: number;
  /** NUMA node that it gets (hv_pci_assign_numa_node). */
  readonly node: number;
  readonly description: PciFunctionDescription;
}

/** A root bus as the PCI core has it from pci-hyperv. */
export interface PciRootBus extends HypervPciBus {
  /** Number of its PCI domain. */
  readonly number: number;
  /** Of the VMBus device that it is. */
  readonly instanceId: Guid;
  /** The functions that the host has on it now. */
  functions(): readonly PciFunctionFound[];
}

/** The PCI core, as far as pci-hyperv calls it: it finds functions on a bus, and drivers for them. */
export interface PciCore {
  /** A bus gets its irqdomain (hv_pcie_init_irq_domain). */
  attach(bus: PciRootBus): void;
  /** The irqdomain goes. */
  detach(bus: PciRootBus): void;
  /** All messages of a bus are composed anew (hv_pci_restore_msi_state). */
  restore(bus: PciRootBus): void;
  /**
   * Looks for functions that have come (pci_scan_child_bus).
   *
   * @param addDevices drivers are looked for, too (pci_bus_add_devices).
   */
  scan(bus: PciRootBus, addDevices: boolean): Procedure<void>;
  /** A function goes, and its driver before it (pci_stop_and_remove_bus_device). */
  remove(bus: PciRootBus, devfn: number): Procedure<void>;
  /** All functions go (pci_stop_root_bus, pci_remove_root_bus). */
  removeAll(bus: PciRootBus): Procedure<void>;
}

export const PCI_CORE: Token<PciCore> = token('PciCore');

/** Of a guest without PCI devices: nothing is found. */
export const noPciCore: PciCore = {
  attach() {},
  detach() {},
  restore() {},
  *scan() {},
  *remove() {},
  *removeAll() {},
};
