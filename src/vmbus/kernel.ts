import type { KernelVersion } from '../irq/kernel.js';

/**
 * What the VMBus driver and the drivers on it (drivers/hv, hv_netvsc, hv_storvsc, pci-hyperv, hv_sock) of one kernel do
 * differently from another's. Asked for by name; nothing else compares versions.
 */
export interface HypervBehaviour {
  /** storvsc sends an I/O over the channel that interrupts the submitting CPU, instead of over another of its node. */
  readonly storvscPrefersOwnCpu: boolean;
  /** Function of pci-hyperv in which the host is told where an interrupt goes, as its messages name it. */
  readonly vpciRetarget: 'hv_arch_irq_unmask' | 'hv_irq_retarget_interrupt';
  /** A resume waits until every VMBus device is offered again, and no suspend follows if one is not. */
  readonly resumeWaitsForEachDevice: boolean;
}

// Beside each line: where the difference came from, the commit if known.
const v61: HypervBehaviour = {
  storvscPrefersOwnCpu: false,
  vpciRetarget: 'hv_arch_irq_unmask',
  resumeWaitsForEachDevice: true,
};

const v610: HypervBehaviour = v61;

const v612: HypervBehaviour = v610;

const v618: HypervBehaviour = {
  ...v612,
  storvscPrefersOwnCpu: true,
  resumeWaitsForEachDevice: false,
};

const v72: HypervBehaviour = {
  ...v618,
  // By 7.2, when the root partition has its own way.
  vpciRetarget: 'hv_irq_retarget_interrupt',
};

const behaviours: Readonly<Record<KernelVersion, HypervBehaviour>> = {
  '6.1': v61,
  '6.10': v610,
  '6.12': v612,
  '6.18': v618,
  '7.2': v72,
  '7.3': v72,
};

/** What drivers/hv and its drivers do in kernel `version`, which kernelBehaviour (src/irq/kernel.ts) has checked. */
export function hypervBehaviour(version: KernelVersion): HypervBehaviour {
  return behaviours[version];
}
