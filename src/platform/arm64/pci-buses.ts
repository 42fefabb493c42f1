import type { IrqCore } from '../../irq/core.js';
import type { Machine } from '../../machine/machine.js';
import { HypervPciDomains } from '../pci/hyperv/domains.js';
import type { PciBuses } from '../pci/pci-vectors.js';
import type { PlatformSetup } from '../platform.js';
import type { GicDomain } from './gic-domain.js';
import { GicLineHardware } from './gic-line-hardware.js';
import { HvVpciDomain } from './hv-vpci-domain.js';
import { Its } from './its/its.js';
import { ItsDomain } from './its/its-domain.js';
import { ItsPciDomains } from './its/its-pci-domains.js';
import { LpiRanges } from './its/lpi-ranges.js';

/** What PCI devices of an arm64 machine get their interrupts from: an ITS, Hyper-V, or both. */
export function arm64PciBuses(
  machine: Machine,
  core: IrqCore,
  gic: GicDomain,
  { its = false, hyperv = true }: PlatformSetup,
): PciBuses {
  return {
    ...(its && { pci: itsBus(machine, core, gic) }),
    ...(hyperv && { hyperv: hypervBus(core, gic) }),
  };
}

function itsBus(machine: Machine, core: IrqCore, gic: GicDomain): ItsPciDomains {
  const its = new Its(machine, gic.gic, new LpiRanges());
  return new ItsPciDomains(core, its, new ItsDomain(core, its, gic));
}

/** The interrupt is an SPI wherever it goes; the GIC alone says to which CPU (hv_arch_irq_unmask does nothing). */
function hypervBus(core: IrqCore, gic: GicDomain): HypervPciDomains {
  return new HypervPciDomains(core, {
    parent: new HvVpciDomain(core, gic.domain).domain,
    flow: null,
    ends: 'eoi',
    moveFlags: 0,
    mustReactivate: false,
    receiver: {
      deliver: ({ data: spi }) => new GicLineHardware(gic.gic, spi).edge(),
      soon: (event) => core.machine.soon(event),
    },
    retargets: false,
    targetOf: ({ irq, parentData }) => {
      let data = parentData;
      while (data !== null && data.parentData !== null) data = data.parentData;
      const cpu = core.desc(irq)?.data.effectiveAffinity.first() ?? 0;
      return { vector: data?.hwirq ?? 0, cpus: [cpu] };
    },
    messageTo: ({ vector }) => ({ addressHi: 0, addressLo: 0, data: vector }),
  });
}
