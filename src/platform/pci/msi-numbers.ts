import type { Hwirq } from '../../lib/brand.js';
import type { PciDevice } from './pci-device.js';

/** What a domain's name gets appended for whose messages it has (enum irq_domain_bus_token): a device's, or a bus'. */
export const busTokens = { msix: 12, msi: 11, bus: 3 } as const;

/** Number of a message in a domain of many devices: the device's address is in it (pci_msi_domain_calc_hwirq). */
export function pciMsiDomainCalcHwirq({ address }: PciDevice, index: number): Hwirq {
  if (address === undefined) return index;
  return index + address.devid * 2 ** 11 + address.domain * 2 ** 27;
}
