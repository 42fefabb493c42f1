import type { PlugBehaviour } from '../machine/cpu-plug.js';
import type { TraceBehaviour } from '../trace/kernel.js';

/** Kernel releases whose interrupt layer the model can be. */
export type KernelVersion = '6.1' | '6.10' | '6.12' | '6.18' | '7.2' | '7.3';

/** That of the RFC. */
export const DEFAULT_KERNEL: KernelVersion = '6.10';

export const kernelVersions: readonly KernelVersion[] = ['6.1', '6.10', '6.12', '6.18', '7.2', '7.3'];

/** Layouts that /proc/interrupts has had. */
export type ProcInterruptsForm = '6.1' | '6.12' | '6.13' | '7.2';

/** What one kernel does differently from another. Asked for by name; nothing else compares versions. */
export interface KernelBehaviour extends TraceBehaviour, PlugBehaviour {
  /** The columns and blanks of /proc/interrupts, by the version that they came with. */
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
  /** The same behind an ITS (6.11). */
  readonly perDeviceItsDomains: boolean;
  /** An ITS keeps a device's table of events until its irqdomain goes, not until its last message does (6.16). */
  readonly itsTablesStay: boolean;
  /** The same on a bus of Hyper-V (6.17); before each bus has one for all of its devices, with one chip. */
  readonly perDeviceHypervDomains: boolean;
  /** KVM has a line that is unmasked while high looked at once more (arch/x86/kvm/ioapic.c). */
  readonly kvmResamplesAtUnmask: boolean;
  /** Which CPUs mana asks for: one for each queue, the threads of a core (6.9), or that again unless queues are as many as CPUs. */
  readonly manaAffinity: 'cpus' | 'cores' | 'coresUnlessAll';
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
  /** Lines without an action in /proc/interrupts: those counted on a CPU online, those ever counted, or none. */
  readonly idleRows: 'countedOnline' | 'counted' | 'none';
  /** Rows of x86 in /proc/stat's total: not the hypervisor's, all but TLB, DFR and KVM's, or all. */
  readonly x86RowsInStat: 'basic' | 'withHypervisor' | 'all';
  /** x86 has a row DFR on CPUs of AMD and Hygon only. */
  readonly deferredErrorsOnAmdOnly: boolean;
  /** x86 has a row VPMI (CONFIG_GUEST_PERF_EVENTS, which KVM selects). */
  readonly mediatedPmiRow: boolean;
  /** Lines that /proc/interrupts shows have _IRQ_PROC_VALID in their status. */
  readonly marksShownLines: boolean;
  /** Which inter-processor interrupts arm64 lists: the wake-up one went in 6.7, NMIs and their users came in 6.12. */
  readonly arm64Ipis: 'withWakeup' | 'basic' | 'withNmis';
  /** What allows an affinity to change at once: the line's IRQ_MOVE_PCNTXT, or a chip without MOVE_DEFERRED. */
  readonly moveInProcessContext: 'status' | 'chip';
  /** request_irq returns only when the thread of the action has come to its function (IRQTF_READY). */
  readonly requestWaitsForThread: boolean;
  /** free_irq waits for the line's threads, too, before it ends the action's own, not only for hard handlers. */
  readonly freeWaitsForThreads: boolean;
  /** The last free_irq deactivates the line only when none of its interrupts can be on its way any more. */
  readonly freeDeactivatesLast: boolean;
  /** A change of affinity that waited leaves a line masked that was, as for its oneshot thread. */
  readonly moveKeepsMask: boolean;
  /** An edge that was moved waits for the CPU that still handles the one before, instead of leaving it the new one. */
  readonly movedEdgeWaits: boolean;
  /** Where it is waited for the poll of a line on another CPU, as a warning names it. */
  readonly pollWaitsIn: 'irq_wait_for_poll' | 'irq_can_handle_pm';
  /** What the line that names a warning's place begins with: the CPU, or the place (kernel/panic.c __warn). */
  readonly warningHead: 'cpu' | 'place';
  /** Whose numbers the states of CPU hotplug have (enum cpuhp_state). */
  readonly cpuhpStates: '6.1' | '6.12' | '7.2';
  /** /sys/devices/system/cpu has a file `enabled`. */
  readonly cpuEnabledFile: boolean;
  /** It has a file `housekeeping`, and `nohz_full` is empty where nobody asked for that; it was a null pointer before. */
  readonly cpuHousekeepingFile: boolean;
  /** CPU 0 can be taken offline if the kernel was started with cpu0_hotplug (x86). */
  readonly cpu0Hotplug: boolean;
  /** A machine that is suspended takes its CPUs down from the last to the first. */
  readonly freezesLastCpuFirst: boolean;
  /** arm64 can switch SMT off and on (CONFIG_HOTPLUG_SMT). */
  readonly arm64HotplugSmt: boolean;
  /** smt/control takes numbers of threads as well as words, and says first whether it can do anything at all. */
  readonly smtTakesNumbers: boolean;
  /** While the handlers of a nested interrupt run the line counts as in progress, not as one with an active thread. */
  readonly nestedInProgress: boolean;
  /** Spreading a device's vectors keeps the CPUs of a cluster together (lib/group_cpus.c, since 7.0). */
  readonly groupsByCluster: boolean;
  /** Spread vectors that no CPU is left for go where unmanaged ones go; before 6.17 they have an empty mask. */
  readonly spreadLeavesNoneEmpty: boolean;
  /** Which order lib/sort.c leaves equal elements in: the one it has since 6.9, see kernelSort. */
  readonly sortPopsTwo: boolean;
  /** All types of a generic chip have its name, not only the first: since 6.7. */
  readonly genericChipNamesAllTypes: boolean;
  /** A chip that could not set an NMI up is told to tear it down, too: since 6.16. */
  readonly nmiTeardownAfterFailedSetup: boolean;
  /** The workqueue whose workers run asynchronous probes (kernel/async.c). */
  readonly asyncWorkqueue: 'events_unbound' | 'async';
  /** The kernel says so in its log when it has given its last warning of a hung task. */
  readonly hungTaskSaysWhenSilent: boolean;
  /** A warning of a hung task names the owner of the mutex that it waits for. */
  readonly hungTaskNamesOwner: boolean;
  /** Flags that the kernel can be tainted with (TAINT_FLAGS_COUNT). */
  readonly taintFlags: number;
}

// Beside each line: where the difference came from, the commit if known.
const v61: KernelBehaviour = {
  charIsUnsigned: false,
  overwriteType: 'int',
  activateWorkNamesFunction: false,
  laterTraceOptions: [],
  tracePipeHasOneReader: false,
  filtersCpusAndFunctions: false,
  longMarkers: false,
  marksWithPreemptionOff: false,
  rawMarkersAreExact: false,
  rawDataId: 18,
  hasSubbufSize: false,
  matrixAllocReservedEvent: true,
  procInterruptsForm: '6.1',
  idleRows: 'countedOnline',
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
  perDeviceItsDomains: false,
  itsTablesStay: false,
  perDeviceHypervDomains: false,
  kvmResamplesAtUnmask: false,
  manaAffinity: 'cpus',
  resendOrder: 'byIrq',
  resendListing: 'once',
  nestedResend: 'parent',
  fasteoiResendsPending: false,
  maxIrqs: 532740,
  beyondMaxIrqs: 'EEXIST',
  announcesSmpBoot: true,
  hotAddPrefix: '',
  announcesHotplugInit: true,
  numbersCpusAtBoot: false,
  x86RowsInStat: 'basic',
  deferredErrorsOnAmdOnly: false,
  mediatedPmiRow: false,
  marksShownLines: false,
  arm64Ipis: 'withWakeup',
  moveInProcessContext: 'status',
  requestWaitsForThread: true,
  freeWaitsForThreads: false,
  freeDeactivatesLast: true,
  moveKeepsMask: true,
  nestedInProgress: true,
  groupsByCluster: false,
  spreadLeavesNoneEmpty: false,
  sortPopsTwo: false,
  movedEdgeWaits: false,
  pollWaitsIn: 'irq_wait_for_poll',
  warningHead: 'cpu',
  cpuhpStates: '6.1',
  smtTakesNumbers: false,
  cpuEnabledFile: false,
  cpuHousekeepingFile: false,
  cpu0Hotplug: true,
  freezesLastCpuFirst: false,
  arm64HotplugSmt: false,
  genericChipNamesAllTypes: false,
  nmiTeardownAfterFailedSetup: false,
  asyncWorkqueue: 'events_unbound',
  hungTaskSaysWhenSilent: false,
  hungTaskNamesOwner: false,
  taintFlags: 19,
};

const v610: KernelBehaviour = {
  ...v61,
  charIsUnsigned: true, // 6.2: 3bc753c06dd0
  laterTraceOptions: ['fields'], // 6.4: 80a76994b2d8
  tracePipeHasOneReader: true, // 6.6: c2489bb7e6be
  filtersCpusAndFunctions: true, // taken from 6.12
  longMarkers: true, // taken from 6.12
  hasSubbufSize: true, // taken from 6.12
  kvmResamplesAtUnmask: true, // 6.4, "KVM: x86/ioapic: Resample the pending state of an IRQ when unmasking"
  idleRows: 'counted', // 6.10: show_interrupts asks kstat_irqs_desc, which goes by tot_count
  condOneshot: true, // 6.9: c2ddeb29612f
  sleepingThreadsMove: true, // 6.9: c99303a2d2a2
  migrationRetriesOnline: true, // 6.10: 88d724e2301a
  managedRestartSetsAffinity: true, // 6.10: a60dd06af674
  resendOrder: 'lastFirst', // 6.5: bc06a9e08742
  fasteoiResendsPending: true, // 6.6: 9c15eeb5362c
  maxIrqs: 0x7fffffff, // 6.5: 721255b9826b
  beyondMaxIrqs: 'ENOMEM', // 6.5: 721255b9826b
  announcesSmpBoot: false, // 6.5: parallel bring-up of CPUs
  numbersCpusAtBoot: true, // 6.9: topology_hotplug_apic
  hotAddPrefix: 'ACPI: ', // taken from 6.12
  x86RowsInStat: 'withHypervisor', // 6.4
  cpuhpStates: '6.12', // taken from 6.12
  smtTakesNumbers: true, // 6.6, "cpu/SMT: Allow enabling partial SMT states via sysfs"
  cpu0Hotplug: false, // 6.5
  arm64Ipis: 'basic', // 6.7
  freeWaitsForThreads: true, // 6.7: e2c12739ccf7
  nestedInProgress: false, // 6.7: e2c12739ccf7
  cleansVectorsByIpi: false, // 6.6: bdc1dad299bb
  reservesPostedMsiVector: true, // 6.10
  strayVectorPlace: 'call_irq_handler', // 6.10
  perDeviceMsiDomains: true, // 6.2
  sortPopsTwo: true, // 6.9
  genericChipNamesAllTypes: true, // 6.7
  asyncWorkqueue: 'async', // 6.9
  manaAffinity: 'cores',
};

const v612: KernelBehaviour = {
  ...v610,
  laterTraceOptions: ['fields', 'trace_printk_dest'], // 6.12: 9b7bdf6f6ece
  procInterruptsForm: '6.12', // 6.11: lines without an action have no row; the columns are the same
  idleRows: 'none', // 6.11
  domainFlagNames: true, // 6.11: cb06c9826991
  freezesLastCpuFirst: true, // after 6.12, and in its stable tree
  cpuEnabledFile: true, // 6.11: 4e1a7df45480
  announcesHotplugInit: false, // 6.11: cold and hot-plugged CPUs start the same way
  arm64Ipis: 'withNmis', // 6.12
  affinityRefusal: 'EPERM', // 6.12
  unsettableAffinityMode: 0o444, // 6.12
  strayVectorPlace: null, // 6.16, and its stable trees
  perDeviceItsDomains: true, // 6.11
  hungTaskSaysWhenSilent: true, // taken from 6.12
  activateWorkNamesFunction: true, // taken from 6.12
};

const v618: KernelBehaviour = {
  ...v612,
  laterTraceOptions: ['fields', 'trace_printk_dest', 'copy_trace_marker'], // 6.16: 7b382efd5e8a
  marksWithPreemptionOff: true, // taken from 7.2
  rawMarkersAreExact: true, // taken from 7.2
  rawDataId: 19, // taken from 7.2
  procInterruptsForm: '6.13', // 6.13: the blank behind the counts went
  managedKeepsDisableDepth: true, // 6.16: 788019eb559f
  moveInProcessContext: 'chip', // 6.15: IRQCHIP_MOVE_DEFERRED for IRQ_MOVE_PCNTXT
  movedEdgeWaits: true, // 6.17
  pollWaitsIn: 'irq_can_handle_pm', // 6.17
  cpuhpStates: '7.2', // taken from 7.2
  arm64HotplugSmt: true, // 6.16
  itsTablesStay: true,
  perDeviceHypervDomains: true, // 6.17
  spreadLeavesNoneEmpty: true,
  nmiTeardownAfterFailedSetup: true,
  hungTaskNamesOwner: true, // 6.15: CONFIG_DETECT_HUNG_TASK_BLOCKER
  taintFlags: 20, // 6.15: TAINT_FWCTL
};

const v72: KernelBehaviour = {
  ...v618,
  laterTraceOptions: ['fields', 'trace_printk_dest', 'copy_trace_marker', 'bitmask-list'], // taken from 7.2
  overwriteType: 'char', // taken from 7.2
  matrixAllocReservedEvent: false, // taken from 7.2
  procInterruptsForm: '7.2',
  x86RowsInStat: 'all', // with irq_stat_info in arch/x86/kernel/irq.c
  deferredErrorsOnAmdOnly: true, // the same, irq_init_stats
  mediatedPmiRow: true,
  marksShownLines: true, // with irq_proc_update_valid in kernel/irq/proc.c
  warningHead: 'place', // after 6.18
  cpuHousekeepingFile: true, // after 6.18
  oneshotWantsThread: true, // 7.0
  notifiesBrokenAffinity: true, // 7.0
  percpuSharing: true, // 6.19
  manaAffinity: 'coresUnlessAll',
  mediatedPmiVector: true, // 7.0
  failedTrimFreesIrqs: false,
  groupsByCluster: true, // 7.0
};

const behaviours: Readonly<Record<KernelVersion, KernelBehaviour>> = {
  '6.1': v61,
  '6.10': v610,
  '6.12': v612,
  '6.18': v618,
  '7.2': v72,
  '7.3': v72,
};

/** What kernel `version` does; default: that of the RFC. @throws RangeError for a version that is not modelled. */
export function kernelBehaviour(version: KernelVersion = DEFAULT_KERNEL): KernelBehaviour {
  const behaviour = behaviours[version];
  if (behaviour === undefined) {
    throw new RangeError(`kernel ${version} is not modelled; choose one of ${kernelVersions.join(', ')}`);
  }
  return behaviour;
}
