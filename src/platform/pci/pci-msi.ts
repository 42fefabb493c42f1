import type { Irq } from '../../lib/brand.js';
import type { IrqAffinity } from '../../irq/affinity/create-masks.js';
import type { Procedure } from '../../machine/step.js';

/** A PCI function, as far as its interrupts go. */
export interface PciFunction {
  /** Its address, as sysfs shows it: `0000:00:04.0`. */
  readonly name: string;
  /** NUMA node; -1: none. */
  readonly node: number;
  /** Entries of its MSI-X table. */
  readonly msix: number;
  /** The bus that it is on, where a platform has several; default: the platform's own. */
  readonly bus?: PciBus;
  /** GUID of the VMBus device that its bus is, on a bus of Hyper-V; default: one with the number of its PCI domain. */
  readonly instance?: string;
}

/** A bus of PCI devices: a machine's own, or one that Hyper-V passes through a channel of VMBus. */
export type PciBus = 'pci' | 'hyperv';

/** What drivers of PCI functions get their interrupts from (drivers/pci/msi/api.c). */
export interface PciMsi {
  /** The bus of functions that do not say theirs. */
  readonly defaultBus: PciBus;
  /**
   * Gives a function between `min` and `max` vectors (pci_alloc_irq_vectors_affinity).
   *
   * @param affinity default: all go where unmanaged interrupts go.
   * @returns how many; a negative errno if there are not enough.
   */
  allocIrqVectors(device: PciFunction, min: number, max: number, affinity?: IrqAffinity): Procedure<number>;
  /** Takes the vectors back; their interrupts have been freed (pci_free_irq_vectors). */
  freeIrqVectors(device: PciFunction): Procedure<void>;
  /** The function goes away, without vectors, and with the irqdomain that it may have. */
  remove(device: PciFunction): Procedure<void>;
  /** The Linux number of a vector (pci_irq_vector). @throws RangeError if the function has no such vector. */
  irqVector(device: PciFunction, nr: number): Irq;
}
