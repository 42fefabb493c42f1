import type { Ns } from '../../lib/brand.js';

/** A level-triggered device of user space, behind an irqfd with resampling. Its times count from the end of booting. */
export interface KvmDeviceOptions {
  readonly name: string;
  /** Pin of the guest's IO-APIC and number of its interrupt, 3 to 23; devices may share one. */
  readonly gsi: number;
  /** Default 0. */
  readonly fromNs?: Ns;
  /** The device asks for service each time so much has passed, first at `fromNs`. */
  readonly everyNs: Ns;
  /** For how long. */
  readonly duringNs: Ns;
  /** Things that it has for the driver each time; an interrupt does one. Default 1. */
  readonly wants?: number;
  /** Each time so much has passed its irqfd is deassigned and assigned again; default: never. */
  readonly reassignNs?: Ns;
}

/** What KVM under the guest does with level-triggered interrupts; x86 only. */
export interface KvmGuestOptions {
  readonly devices: readonly KvmDeviceOptions[];
}

/** When the last device is done, from the end of booting. */
export function kvmEnd(kvm: KvmGuestOptions | undefined): Ns {
  return Math.max(0, ...(kvm?.devices ?? []).map(({ fromNs = 0, duringNs }) => fromNs + duringNs));
}
