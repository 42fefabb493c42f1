import { DEFAULT_KERNEL, type KernelVersion } from '../irq/kernel.js';
import { VERSION_WIN10_V5_3, VERSION_WIN10_V6_0 } from './protocol/versions.js';

/**
 * What the VMBus driver and the drivers on it (drivers/hv, hv_netvsc, hv_storvsc, pci-hyperv, hv_sock) of one kernel do
 * differently from another's. Asked for by name; nothing else compares versions.
 */
export interface HypervBehaviour {
  /** Newest protocol version that is proposed to the host, as on the wire. */
  readonly newestVersion: number;
  /** What becomes of a proposal that goes to a connection which the host lacks (vmbus_post_msg of INITIATE_CONTACT). */
  readonly noConnectionErrno: 'EINVAL' | 'ENXIO';
  /** Knows confidential VMBus: says so to the host, and takes channels whose rings are encrypted. */
  readonly confidentialVmbus: boolean;
  /** Whoever asks for offers waits until the host has sent those of boot time, and their devices are there. */
  readonly waitsForBootOffers: boolean;
  /** A resume waits until every VMBus device is offered again, and no suspend follows if one is not. */
  readonly resumeWaitsForEachDevice: boolean;
  /** A CPU that goes offline has its channels moved, if the host says when it has followed. */
  readonly movesChannelsAtOffline: boolean;
  /** Interrupts and CPUs that go look whether the CPU has synic pages before they look into them. */
  readonly checksSynicPages: boolean;
  /** The function that takes the host's messages, as warnings name it. */
  readonly messageTasklet: 'vmbus_on_msg_dpc' | '__vmbus_on_msg_dpc';
  /** The files of a device that show its outgoing ring's indexes take them for unsigned; all others are signed. */
  readonly outIndexesUnsigned: boolean;
  /** The host is told when the module is unloaded; else the connection counts as ended before anybody would tell it. */
  readonly unloadsHostAtExit: boolean;
  /** How the log tells of a device whose probe failed: by its driver, or by the device. */
  readonly probeFailure: 'probe of' | 'probe with driver';
  /** A confidential VM accepts passed-through PCI devices. */
  readonly vpciInIsolated: boolean;
  /** Event flags above the highest relid that was ever offered are not looked at. */
  readonly scansToHighestRelid: boolean;
  /** The choice of a channel's CPU never ends in a NUMA node all of whose CPUs are isolated (init_vp_index). */
  readonly placementSpins: boolean;
  /** storvsc sends an I/O over the channel that interrupts the submitting CPU, instead of over another of its node. */
  readonly storvscPrefersOwnCpu: boolean;
  /** What storvsc calls the status that the host gives with a completion. */
  readonly storvscStatusLabel: 'sts=' | 'host=0x';
  /** How many channels netvsc asks for, unless it is told: so many at least, and more where the stack would have more. */
  readonly netvscChannels: { readonly least: number; readonly orDefaultRssQueues: boolean };
  /** hv_utils has a driver for file copy, whose channel is uio_hv_generic's otherwise. */
  readonly fcopyInUtils: boolean;
  /** Function of pci-hyperv in which the host is told where an interrupt goes, as its messages name it. */
  readonly vpciRetarget: 'hv_arch_irq_unmask' | 'hv_irq_retarget_interrupt';
  /** What the probe of an integration service fails with that the host is too old for (util_probe). */
  readonly utilInitErrno: 'ENODEV' | 'ENOTSUPP';
  /** hv_utils can take each sample of the host's time as one to follow, if the clock is behind (timesync_implicit). */
  readonly timesyncImplicit: boolean;
  /** uio_hv_generic has the channel of file copy without being asked. */
  readonly uioServesFcopy: boolean;
  /** uio_hv_generic turns a channel's interrupts off itself, when the device is opened and in each interrupt. */
  readonly uioMasksInterrupts: boolean;
  /** The framebuffer's driver. */
  readonly framebufferDriver: 'hyperv_fb' | 'hyperv_drm';
}

// Beside each line: where the difference came from, the commit if known.
const v61: HypervBehaviour = {
  newestVersion: VERSION_WIN10_V5_3,
  noConnectionErrno: 'EINVAL',
  confidentialVmbus: false,
  waitsForBootOffers: false,
  resumeWaitsForEachDevice: true,
  movesChannelsAtOffline: false,
  checksSynicPages: false,
  messageTasklet: 'vmbus_on_msg_dpc',
  outIndexesUnsigned: false,
  unloadsHostAtExit: true, // 6.1.192 has the fix by which vmbus_exit leaves conn_state alone, 6.1.176 not
  probeFailure: 'probe of',
  vpciInIsolated: false,
  scansToHighestRelid: false,
  placementSpins: false, // 6.1.192 has the fix of 7.2's
  storvscPrefersOwnCpu: false,
  storvscStatusLabel: 'sts=',
  netvscChannels: { least: 8, orDefaultRssQueues: false },
  fcopyInUtils: true,
  vpciRetarget: 'hv_arch_irq_unmask',
  utilInitErrno: 'ENODEV',
  timesyncImplicit: false,
  uioServesFcopy: false,
  uioMasksInterrupts: false, // 6.1.192 has the fix of 6.17's
  framebufferDriver: 'hyperv_fb',
};

const v610: HypervBehaviour = {
  ...v61,
  vpciInIsolated: true, // 6.4, "PCI: hv: Enable PCI pass-thru devices in Confidential VMs"
  fcopyInUtils: false, // 6.10, ec314f61e4fc
  uioServesFcopy: true, // 6.10, with that: hv_uio_id_table
  uioMasksInterrupts: true, // until 6.17 and its stable trees, of which 6.10 had none
  placementSpins: true, // had no stable tree when it was mended
  unloadsHostAtExit: false, // had no stable tree when it was mended
  timesyncImplicit: true, // 6.8, "hv_utils: Allow implicit ICTIMESYNCFLAG_SYNC"
};

const v612: HypervBehaviour = {
  ...v610,
  uioMasksInterrupts: false, // 6.12.117 has the fix of 6.17's, "uio_hv_generic: Let userspace take care of interrupt mask"
  noConnectionErrno: 'ENXIO', // 6.12.117 has the change that looks for VTL2's connection
  placementSpins: false, // 6.12.117 has the fix of 7.2's
  unloadsHostAtExit: true, // 6.12.117 has the fix that 6.1.192 has, 6.12.107 not
  probeFailure: 'probe with driver', // a patch of spring 2024 for call_driver_probe; in 6.12.107, in 6.18.38
  netvscChannels: { least: 16, orDefaultRssQueues: true }, // 6.12, 646f071d315b
};

const v618: HypervBehaviour = {
  ...v612,
  unloadsHostAtExit: false, // 7.2.8 is without that fix; no stable tree of 6.18 was at hand
  waitsForBootOffers: true, // 6.14, "hv: vmbus: Wait for boot-time offers during boot and resume"
  resumeWaitsForEachDevice: false, // 6.14, "hv: vmbus: Log on missing offers if any"
  storvscPrefersOwnCpu: true, // 6.18, "scsi: storvsc: Prefer returning channel with the same CPU as on the I/O issuing CPU"
  storvscStatusLabel: 'host=0x', // 6.16, "scsi: storvsc: Don't report the host packet status as the hv status"
  utilInitErrno: 'ENOTSUPP', // a patch of November 2024, "Don't force error code to ENODEV in util_probe()"; not in 6.12.107, in 7.2.8
  movesChannelsAtOffline: true, // 6.15, "Add support for CPU offlining in Hyper-V": hv_pick_new_cpu
};

const v72: HypervBehaviour = {
  ...v618,
  newestVersion: VERSION_WIN10_V6_0, // 6.19, "Drivers: hv: VMBus protocol version 6.0"
  confidentialVmbus: true, // 6.19, the series that it began
  checksSynicPages: true, // 6.19, the same series, by which a CPU has two pairs or one
  messageTasklet: '__vmbus_on_msg_dpc', // 6.19, likewise: one call for each of the pages
  outIndexesUnsigned: true, // in 7.2.8, not in 6.12.107: out_read_index_show and out_write_index_show
  placementSpins: true, // in 7.2.8
  scansToHighestRelid: true, // 7.1, 1c80dd81cac1
  framebufferDriver: 'hyperv_drm', // 7.2.8 has no hyperv_fb, 6.12.107 has
  vpciRetarget: 'hv_irq_retarget_interrupt', // in 7.2.8, where the root partition has its own way; not in 6.12.107
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
export function hypervBehaviour(version: KernelVersion = DEFAULT_KERNEL): HypervBehaviour {
  return behaviours[version];
}
