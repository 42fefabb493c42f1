import type { Guid } from '../../vmbus/protocol/guid.js';

/** Domain 0 belongs to the emulated PCI bus; no device gets it (HVPCI_DOM_INVALID). */
const DOMAIN_INVALID = 0;
const DOMAIN_COUNT = 0x10000;

/** Numbers of the PCI domains of passed-through buses (hvpci_dom_map). */
export class DomainNumbers {
  private readonly taken = new Set([DOMAIN_INVALID]);

  /** The number that is asked for, or else the lowest free one; undefined: there is none (hv_get_dom_num). */
  get(wanted: number): number | undefined {
    let number = wanted;
    if (this.taken.has(number)) {
      number = 0;
      while (this.taken.has(number)) number += 1;
      if (number >= DOMAIN_COUNT) return undefined;
    }
    this.taken.add(number);
    return number;
  }

  put(number: number): void {
    this.taken.delete(number);
  }
}

/** Bytes 4 and 5 of an instance id, which is its second group. */
export function domainOf(instanceId: Guid): number {
  return Number.parseInt(instanceId.slice(9, 13), 16);
}
