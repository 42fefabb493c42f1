/** Kernel releases whose interrupt layer the model can be. */
export type KernelVersion = '6.1' | '6.10' | '6.12' | '6.18' | '7.2' | '7.3';

export const kernelVersions: readonly KernelVersion[] = ['6.1', '6.10', '6.12', '6.18', '7.2', '7.3'];

/** Layouts that /proc/interrupts has had. */
export type ProcInterruptsForm = '6.1' | '6.12' | '6.13' | '7.2';

/** What one kernel does differently from another. Asked for by name; nothing else compares versions. */
export interface KernelBehaviour {
  readonly procInterruptsForm: ProcInterruptsForm;
  /** Error of a write to the affinity of an interrupt that user space may not move. */
  readonly affinityRefusal: 'EIO' | 'EPERM';
  /** Permissions of the smp_affinity files of such an interrupt. */
  readonly unsettableAffinityMode: number;
  /** A request for a oneshot interrupt without a thread function is warned of, once. */
  readonly oneshotWantsThread: boolean;
  /** Per-CPU lines can be shared by requesters with CPUs of their own (request_percpu_irq_affinity). */
  readonly percpuSharing: boolean;
  /** Affinity notifiers hear of it when CPU hotplug breaks the affinity. */
  readonly notifiesBrokenAffinity: boolean;
  /** A thread that sleeps follows its interrupt to other CPUs at once, not only when it runs next. */
  readonly sleepingThreadsMove: boolean;
  /** IRQF_COND_ONESHOT: a sharer that takes over ONESHOT from the action already there. */
  readonly condOneshot: boolean;
  /** An interrupt that finds no vector in its mask while its CPU goes away is tried on all online CPUs. */
  readonly migrationRetriesOnline: boolean;
  /** A managed interrupt that starts again because a CPU came back has its affinity set once more after that. */
  readonly managedRestartSetsAffinity: boolean;
  /** A managed interrupt that its driver disabled stays disabled when its CPUs go and come back. */
  readonly managedKeepsDisableDepth: boolean;
  /** That restart undoes one disable for each shutdown, not for each CPU of the affinity that comes back. */
  readonly managedRestartsOnce: boolean;
  /** irq_create_mapping looks for a mapping and makes one under the irqdomain's mutex, so that nobody comes between. */
  readonly mapsUnderMutex: boolean;
  /** A CPU has another one clean up a vector by an interrupt, on vector 0x20 (6.6: by a timer, a jiffy later). */
  readonly cleansVectorsByIpi: boolean;
  /** Vector 0xeb is kept for posted MSIs (6.10). */
  readonly reservesPostedMsiVector: boolean;
  /** Vector 0xf5 is KVM's, for the performance counters of its guests (7.0). */
  readonly mediatedPmiVector: boolean;
  /** What the log says of an interrupt that is nobody's: named by function, and since 6.16 and its stable trees not. */
  readonly strayVectorPlace: '__common_interrupt' | 'call_irq_handler' | null;
  /** Each PCI device has an irqdomain for its MSIs, and a chip with its name (6.2); before there is one for all. */
  readonly perDeviceMsiDomains: boolean;
  /** What a domain's alloc got is given back if the levels it left make no sense. */
  readonly failedTrimFreesIrqs: boolean;
  /** Looking whether a line has its directory in /proc/irq and making it are one, under register_lock. */
  readonly registersProcUnderMutex: boolean;
  /** The files of irqdomains in debugfs name the flags (kernel/irq/irqdomain.c irqdomain_flags). */
  readonly domainFlagNames: boolean;
  /** Waiting software resends run by interrupt number (a bitmap) or the last one first (a list). */
  readonly resendOrder: 'byIrq' | 'lastFirst';
  /** Whether a line that is in that list already is left where it is, or put in once more, which ruins the list. */
  readonly resendListing: 'once' | 'again';
  /** Whose flow handler a nested line's resend runs: its parent's, or its own, which expects a thread. */
  readonly nestedResend: 'parent' | 'itself';
  /** A fasteoi interrupt that became pending while it was handled is resent at its end. */
  readonly fasteoiResendsPending: boolean;
  /** There are interrupt numbers below this (MAX_SPARSE_IRQS of an x86 kernel for 8192 CPUs). */
  readonly maxIrqs: number;
  /** What asking for a number from there on gives: a bitmap has no such place, a tree is only full. */
  readonly beyondMaxIrqs: 'EEXIST' | 'ENOMEM';
  /** The log has `x86: Booting SMP configuration:` whenever CPU 1 comes online. */
  readonly announcesSmpBoot: boolean;
  /** The hypervisor's own rows (HYP, HRE, HVS) are part of /proc/stat's total. */
  readonly hypervisorRowsInStat: boolean;
  /** Which inter-processor interrupts arm64 lists: the wake-up one went in 6.7, NMIs and their users came in 6.12. */
  readonly arm64Ipis: 'withWakeup' | 'basic' | 'withNmis';
  /** What allows an affinity to change at once: the line's IRQ_MOVE_PCNTXT, or a chip without MOVE_DEFERRED. */
  readonly moveInProcessContext: 'status' | 'chip';
  /** storvsc sends an I/O over the channel that interrupts the submitting CPU, instead of over another of its node. */
  readonly storvscPrefersOwnCpu: boolean;
  /** request_irq returns only when the thread of the action has come to its function (IRQTF_READY). */
  readonly requestWaitsForThread: boolean;
  /** free_irq waits for the line's threads, too, before it ends the action's own, not only for hard handlers. */
  readonly freeWaitsForThreads: boolean;
  /** The last free_irq deactivates the line only when none of its interrupts can be on its way any more. */
  readonly freeDeactivatesLast: boolean;
  /** A change of affinity that waited leaves a line masked that was, as for its oneshot thread. */
  readonly moveKeepsMask: boolean;
  /** While the handlers of a nested interrupt run the line counts as in progress, not as one with an active thread. */
  readonly nestedInProgress: boolean;
  /** A resume waits until every VMBus device is offered again, and no suspend follows if one is not. */
  readonly resumeWaitsForEachDevice: boolean;
  /** Spreading a device's vectors keeps the CPUs of a cluster together (lib/group_cpus.c, since 7.0). */
  readonly groupsByCluster: boolean;
  /** Spread vectors that no CPU is left for go where unmanaged ones go; before 6.17 they have an empty mask. */
  readonly spreadLeavesNoneEmpty: boolean;
  /** Which order lib/sort.c leaves equal elements in: the one it has since 6.9, see kernelSort. */
  readonly sortPopsTwo: boolean;
}

const v61: KernelBehaviour = {
  procInterruptsForm: '6.1',
  domainFlagNames: false,
  affinityRefusal: 'EIO',
  unsettableAffinityMode: 0o644,
  condOneshot: false,
  oneshotWantsThread: false,
  sleepingThreadsMove: false,
  notifiesBrokenAffinity: false,
  percpuSharing: false,
  migrationRetriesOnline: false,
  managedRestartSetsAffinity: false,
  managedKeepsDisableDepth: false,
  managedRestartsOnce: true,
  mapsUnderMutex: true,
  registersProcUnderMutex: true,
  failedTrimFreesIrqs: true,
  cleansVectorsByIpi: true,
  reservesPostedMsiVector: false,
  mediatedPmiVector: false,
  strayVectorPlace: '__common_interrupt',
  perDeviceMsiDomains: false,
  resendOrder: 'byIrq',
  resendListing: 'once',
  nestedResend: 'parent',
  fasteoiResendsPending: false,
  maxIrqs: 532740,
  beyondMaxIrqs: 'EEXIST',
  announcesSmpBoot: true,
  hypervisorRowsInStat: false,
  arm64Ipis: 'withWakeup',
  moveInProcessContext: 'status',
  storvscPrefersOwnCpu: false,
  resumeWaitsForEachDevice: true,
  requestWaitsForThread: true,
  freeWaitsForThreads: false,
  freeDeactivatesLast: true,
  moveKeepsMask: true,
  nestedInProgress: true,
  groupsByCluster: false,
  spreadLeavesNoneEmpty: false,
  sortPopsTwo: false,
};

const v610: KernelBehaviour = {
  ...v61,
  cleansVectorsByIpi: false,
  reservesPostedMsiVector: true,
  strayVectorPlace: 'call_irq_handler',
  perDeviceMsiDomains: true,
  procInterruptsForm: '6.12',
  condOneshot: true,
  migrationRetriesOnline: true,
  managedRestartSetsAffinity: true,
  resendOrder: 'lastFirst',
  fasteoiResendsPending: true,
  maxIrqs: 0x7fffffff,
  beyondMaxIrqs: 'ENOMEM',
  announcesSmpBoot: false,
  hypervisorRowsInStat: true,
  arm64Ipis: 'basic',
  freeWaitsForThreads: true,
  nestedInProgress: false,
  sortPopsTwo: true,
};

const v612: KernelBehaviour = {
  ...v610,
  strayVectorPlace: null,
  arm64Ipis: 'withNmis',
  sleepingThreadsMove: true,
  affinityRefusal: 'EPERM',
  unsettableAffinityMode: 0o444,
};

const v618: KernelBehaviour = {
  ...v612,
  domainFlagNames: true,
  procInterruptsForm: '6.13',
  managedKeepsDisableDepth: true,
  moveInProcessContext: 'chip',
  storvscPrefersOwnCpu: true,
  resumeWaitsForEachDevice: false,
  spreadLeavesNoneEmpty: true,
};

const v72: KernelBehaviour = {
  ...v618,
  procInterruptsForm: '7.2',
  oneshotWantsThread: true,
  mediatedPmiVector: true,
  notifiesBrokenAffinity: true,
  percpuSharing: true,
  failedTrimFreesIrqs: false,
  groupsByCluster: true,
};

const behaviours: Readonly<Record<KernelVersion, KernelBehaviour>> = {
  '6.1': v61,
  '6.10': v610,
  '6.12': v612,
  '6.18': v618,
  '7.2': v72,
  '7.3': v72,
};

/** What kernel `version` does. @throws RangeError for a version that is not modelled. */
export function kernelBehaviour(version: KernelVersion): KernelBehaviour {
  const behaviour = behaviours[version];
  if (behaviour === undefined) {
    throw new RangeError(`kernel ${version} is not modelled; choose one of ${kernelVersions.join(', ')}`);
  }
  return behaviour;
}
