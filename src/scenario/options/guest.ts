import type { Ns } from '../../lib/brand.js';
import type { ParameterValues } from '../../vmbus/module-parameters.js';
import type { Architecture } from './architecture.js';
import type { ChannelOptions } from './channels.js';
import type { CpuCounts } from './counts.js';
import type { CpuOptions } from './cpus.js';
import type { DesignSetting } from './design.js';
import type { DeviceInList } from './devices.js';
import type { HostOptions } from './host.js';
import type { InterruptOptions } from './interrupts.js';
import type { KernelVersion } from './kernel.js';
import type { KvmGuestOptions } from './kvm.js';
import type { PciDeviceOptions } from './pci.js';
import type { ArchitectureRowOptions, ProcInterruptsOptions } from './proc-interrupts.js';

/** Whose interrupt remapping an x86 machine can have. */
export const remappingKinds = ['none', 'intel', 'amd', 'hyperv'] as const;
/** Whose interrupt remapping an x86 machine has. */
export type RemappingKind = (typeof remappingKinds)[number];

/**
 * A guest, its host and its devices: what `Guest.create` takes and what a scenario file describes. Everything but
 * `cpus` may be left out.
 *
 * ```ts
 * const options: GuestOptions = { cpus: 4, devices: [{ driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] }] };
 * ```
 */
export interface GuestOptions {
  readonly cpus: number | CpuOptions;
  /** Default 6.10. */
  readonly kernel?: KernelVersion;
  /**
   * What the kernel was started with, as far as it concerns CPUs and interrupts: `isolcpus=`, `nohz_full=`,
   * `irqaffinity=`, `maxcpus=`, `threadirqs`, `noirqdebug`, `irqfixup`, `irqpoll`, `cpu0_hotplug`, and `dyndbg=` for the
   * debug messages of kernel/irq/cpuhotplug.c; parameters of VMBus' modules (`hv_vmbus.max_version=0x50002`). Default:
   * nothing.
   */
  readonly cmdline?: string;
  /**
   * Parameters of the modules of VMBus and its drivers, in place of those that `cmdline` (`hv_netvsc.ring_size=256`) or
   * Linux gives: `{ hv_storvsc: { storvsc_vcpus_per_sub_channel: 2 } }`. Default: none.
   */
  readonly moduleParameters?: ParameterValues;
  /** Default x86_64. */
  readonly arch?: Architecture;
  /**
   * x86: generation of the virtual machine. One of generation 1 has a PC's PIC, timer and ISA interrupts, one of
   * generation 2 has not. Default 2, or 1 if IRQ 0 or an XT-PIC is among the interrupts.
   */
  readonly generation?: 1 | 2;
  /**
   * x86: whose remapping interrupts go through. `hyperv`: what large guests of Hyper-V have for their IO-APIC. Default:
   * none, unless interrupts' chips are called `IR-…`; then hyperv on Hyper-V if it is the IO-APIC's alone, else intel.
   */
  readonly interruptRemapping?: RemappingKind;
  /** arm64: the GIC has an ITS, and the machine a PCI bus behind it. Default: only without Hyper-V, which gives none. */
  readonly its?: boolean;
  /** Number of IRQs (nr_irqs); default: what Linux computes. */
  readonly nrIrqs?: number;
  /** Interrupt numbers are below this, as the kernel was built (MAX_SPARSE_IRQS); default: that of the kernel. */
  readonly maxIrqs?: number;
  /** Of all that is random; default 1. */
  readonly seed?: number;
  /** How long an interrupt keeps its CPU from taking the next one; default 0. */
  readonly interruptTimeNs?: Ns;
  readonly host?: HostOptions;
  /** A confidential VM: the guest does not trust its host, and accepts hardened devices only. Default false. */
  readonly isolation?: boolean;
  /**
   * The paravisor below a confidential VM offers confidential VMBus, which kernels from 6.19 on take: devices may then be
   * `encrypted`. Default false.
   */
  readonly confidentialVmbus?: boolean;
  /**
   * Designs other than those that the RFC proposes: a preset, as `mainline` for what drivers/hv does without it, or
   * choices on some axes.
   */
  readonly design?: DesignSetting;
  /** In the order of the host's offers; default: none. */
  readonly devices?: readonly DeviceInList[];
  /** Channels that are not where the guest puts them, or have been counted before. */
  readonly channels?: readonly ChannelOptions[];
  readonly interrupts?: readonly InterruptOptions[];
  /** PCI functions with drivers outside Hyper-V's own; default: none. */
  readonly pci?: readonly PciDeviceOptions[];
  /** Level-triggered devices of user space, where KVM is under the guest; default: none. */
  readonly kvm?: KvmGuestOptions;
  /**
   * Counts of the rows that have a name instead of a number (`NMI`, `LOC`, …), default 0; or a list of all such rows,
   * which are shown instead of the architecture's.
   */
  readonly architectureRows?: Readonly<Record<string, CpuCounts>> | readonly ArchitectureRowOptions[];
  readonly procInterrupts?: ProcInterruptsOptions;
  /** False for a machine without Hyper-V, and so without devices; default true. */
  readonly vmbus?: boolean;
}
