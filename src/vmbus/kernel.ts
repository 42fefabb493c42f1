import type { KernelVersion } from '../irq/kernel.js';

/**
 * What the VMBus driver and the drivers on it (drivers/hv, hv_netvsc, hv_storvsc, pci-hyperv, hv_sock) of one kernel do
 * differently from another's. Asked for by name; nothing else compares versions.
 */
export interface HypervBehaviour {
  /** storvsc sends an I/O over the channel that interrupts the submitting CPU, instead of over another of its node. */
  readonly storvscPrefersOwnCpu: boolean;
  /** A resume waits until every VMBus device is offered again, and no suspend follows if one is not. */
  readonly resumeWaitsForEachDevice: boolean;
  /** A CPU that goes offline has its channels moved, if the host says when it has followed. */
  readonly movesChannelsAtOffline: boolean;
}

// Beside each line: where the difference came from, the commit if known.
const v61: HypervBehaviour = {
  storvscPrefersOwnCpu: false,
  resumeWaitsForEachDevice: true,
  movesChannelsAtOffline: false,
};

const v610: HypervBehaviour = v61;

const v612: HypervBehaviour = v610;

const v618: HypervBehaviour = {
  ...v612,
  storvscPrefersOwnCpu: true,
  resumeWaitsForEachDevice: false,
  // 6.15, "Add support for CPU offlining in Hyper-V" (posted January 2025): hv_pick_new_cpu.
  movesChannelsAtOffline: true,
};

const v72: HypervBehaviour = v618;

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
