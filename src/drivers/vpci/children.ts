import { type PciFunctionDescription } from '../../host/protocols/pci-functions.js';
import { slotToDevfn } from '../../host/protocols/pci.js';
import type { Procedure } from '../../machine/step.js';
import { nodesOf, type Topology } from '../../machine/topology.js';
import type { PciFunctionFound } from './pci-core.js';

/** The functions that the host has named on one bus (struct hv_pci_dev, hv_pcibus_device children). */
export class ChildDevices {
  private readonly bySlot = new Map<number, PciFunctionDescription>();
  /** Slots of `bySlot` by what PCI has in their place. */
  private readonly devfns = new Set<number>();

  constructor(private readonly topology: Topology) {}

  /** Slots in use, the lowest first. */
  get slots(): number[] {
    return [...this.bySlot.keys()].sort((a, b) => a - b);
  }

  has(slot: number): boolean {
    return this.bySlot.has(slot);
  }

  hasFunction(devfn: number): boolean {
    return this.devfns.has(devfn);
  }

  found(): PciFunctionFound[] {
    return [...this.bySlot.values()].map((description) => ({
      devfn: slotToDevfn(description.slot),
      node: this.nodeOf(description),
      description,
    }));
  }

  /**
   * The functions of a list are there, and no others; one that is another one than before in its slot counts as new.
   *
   * @param add takes a new function on. @returns false if that fails.
   */
  *update(
    functions: readonly PciFunctionDescription[],
    add: (description: PciFunctionDescription) => Procedure<boolean>,
  ): Procedure<void> {
    const listed = new Set<number>();
    for (const description of functions) {
      const known = this.bySlot.get(description.slot);
      if (known !== undefined && isSame(known, description)) listed.add(known.slot);
      else if (yield* add(description)) {
        listed.add(description.slot);
        this.set(description);
      }
    }
    for (const slot of this.slots) if (!listed.has(slot)) this.delete(slot);
  }

  delete(slot: number): void {
    this.bySlot.delete(slot);
    this.devfns.delete(slotToDevfn(slot));
  }

  clear(): void {
    this.bySlot.clear();
    this.devfns.clear();
  }

  private set(description: PciFunctionDescription): void {
    this.bySlot.set(description.slot, description);
    this.devfns.add(slotToDevfn(description.slot));
  }

  /** Node 0 unless the host names one that there is (hv_pci_assign_numa_node). */
  private nodeOf({ node = 0 }: PciFunctionDescription): number {
    return node < nodesOf(this.topology).length ? node : 0;
  }
}

function isSame(a: PciFunctionDescription, b: PciFunctionDescription): boolean {
  return a.vendor === b.vendor && a.device === b.device && a.serial === b.serial;
}
