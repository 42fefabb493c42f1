import type { Irq } from '../../lib/brand.js';
import type { IrqAffinity } from '../../irq/affinity/create-masks.js';
import type { Procedure } from '../../machine/step.js';
import type { HypervPciBuses } from './hyperv/bus-port.js';
import type { PciBus, PciFunction, PciVector } from './pci-function.js';
import type { PciFunctions } from './pci-functions.js';

/** What drivers of PCI functions get their interrupts from (drivers/pci/msi/api.c). */
export interface PciMsi {
  /** The bus of functions that do not say theirs. */
  readonly defaultBus: PciBus;
  /** All functions that the kernel has found. */
  readonly functions: PciFunctions;
  /** The buses that Hyper-V passes through; undefined without Hyper-V. */
  readonly hypervBuses?: HypervPciBuses;
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
  /** All vectors that a function has now. */
  vectors(device: PciFunction): readonly PciVector[];
}
