import type { CpuId, Hwirq, Irq } from '../lib/brand.js';
import type { IrqCore } from '../irq/core.js';
import type { KernelBehaviour } from '../irq/kernel.js';
import { type Token, token } from '../lib/token.js';
import type { Cpu } from '../machine/cpu.js';
import type { CpuMask } from '../machine/cpumask.js';
import type { Machine } from '../machine/machine.js';
import type { Procedure } from '../machine/step.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import type { LineAccounting } from './line-accounting.js';
import type { LineHardware } from './line-hardware.js';
import type { PciMsi } from './pci/pci-msi.js';

/** An interrupt source outside the generic layer: a row of its own in /proc/interrupts. Counts wrap at 2^32. */
export interface ArchSource {
  readonly label: string;
  readonly text: string;
  /** One count per possible CPU. Another array than before, if the row's line has made room for another (arm64). */
  readonly counts: Uint32Array;
  /** The line whose counts these are, if the row is one's (arm64's IPIs). */
  line?(): IrqDesc | undefined;
  /** One number for the machine where older kernels print no column per CPU (ERR, MIS, Err). */
  readonly single?: boolean;
  /** False where the kernel shows no such row, such as while nobody has installed its vector. Default: it shows it. */
  isInstalled?(): boolean;
  /** False if /proc/stat leaves it out of its total. Default true. */
  readonly inStat?: boolean;
}

/** What runs at the top level of a demultiplexed interrupt; true if the top level itself is to be counted. */
export type DemuxHandler = (cpu: Cpu) => boolean;

/** An interrupt line that every CPU has for itself, raised by the hypervisor. */
export interface PerCpuLine {
  /** Installs the handler, in the place of another one if there is one. The line stays off on every CPU. 0 or a negative errno. */
  setup(handler: DemuxHandler): Procedure<number>;
  /** Takes the handler away. */
  remove(): Procedure<void>;
  /** Lets the line through on the present CPU. */
  enable(cpu: Cpu): void;
  disable(cpu: Cpu): void;
  /** Raises the line on `cpu`. */
  raise(cpu: CpuId): void;
}

/** A device interrupt outside VMBus. */
export interface DeviceInterrupt {
  readonly irq: Irq;
  /** Name of the chip, e.g. `IO-APIC`. */
  readonly chip: string;
  /** True if the chip writes `chip` into /proc/interrupts itself (irq_print_chip). */
  readonly chipPrinted?: boolean;
  /** null: the interrupt belongs to no irqdomain. */
  readonly hwirq: Hwirq | null;
  readonly flow: 'edge' | 'level' | 'fasteoi' | 'percpu' | 'simple';
  /** Name of the flow handler in /proc/interrupts, null for none; default: what the architecture has. */
  readonly flowName?: string | null;
  readonly trigger: 'edge' | 'level';
  /** Names of the actions, separated by a comma and a blank; undefined: nobody requests the interrupt. */
  readonly name?: string;
  /** CPUs that it may go to; default: the default affinity. */
  readonly affinity?: CpuMask;
  /** The kernel alone decides where it goes: user space may not move it, and it sleeps without CPUs. Default false. */
  readonly managed?: boolean;
}

/** Makers of x86 CPUs that kernels tell apart. */
export type CpuVendor = 'Intel' | 'AMD' | 'Hygon';

/** What the files of an architecture say of its CPUs. */
export interface CpuFiles {
  /** The part of /proc/cpuinfo about one CPU that is online. */
  cpuinfo(machine: Machine, cpu: CpuId): string;
  /** True if the kernel knows dies, so that there are files die_*. */
  readonly hasDies: boolean;
  /** True if such a kernel can switch SMT off and on (CONFIG_HOTPLUG_SMT). */
  hotplugSmt(behaviour: KernelBehaviour): boolean;
  /** True if the CPU can go offline, so that it has a file `online`. */
  isHotpluggable(cpu: CpuId): boolean;
}

/** What an architecture adds to the generic interrupt layer. */
export interface Platform {
  /** Which layout of /proc/interrupts it has. */
  readonly arch: 'x86' | 'arm64';
  readonly cpuFiles: CpuFiles;
  /** Rows of its own, in the order of /proc/interrupts. */
  sources(): readonly ArchSource[];
  /** The line that the hypervisor uses for VMBus. */
  readonly vmbusLine: PerCpuLine;
  /** What PCI functions get their interrupts from; without it they get none. */
  readonly pciMsi?: PciMsi;
  /** Sets up a device's interrupt with a handler that does nothing but take it. */
  addInterrupt(interrupt: DeviceInterrupt): Procedure<void>;
  /** Whether an interrupt is each CPU's own, so that the platform requests it for each; missing: none is. */
  isPerCpuLine?(interrupt: DeviceInterrupt): boolean;
  /** The device's side of a line's controller; undefined, or no such function: it is not modelled. */
  lineHardware?(desc: IrqDesc): LineHardware | undefined;
}

/** Whose interrupt remapping a machine has. `hyperv`: what a guest of Hyper-V has in its place, for its IO-APIC. */
export type InterruptRemappingKind = 'none' | 'intel' | 'amd' | 'hyperv';

/** What machines of one architecture have, or not. */
export interface PlatformSetup {
  /** Who made the CPUs, where there is more than one maker; default Intel. */
  readonly vendor?: CpuVendor;
  /** x86: the machine has a PIC, as a generation 1 VM has; default false. */
  readonly pic?: boolean;
  /** x86: whose remapping interrupts go through; default none. */
  readonly interruptRemapping?: InterruptRemappingKind;
  /** arm64: there is an ITS, behind which the machine has a PCI bus of its own; default false. */
  readonly its?: boolean;
  /** The machine is a guest of Hyper-V, which can pass PCI buses to it; default true. */
  readonly hyperv?: boolean;
}

/**
 * An architecture that a guest can have: what is so before there is a machine, and what sets its platform up. A plug-in
 * point, chosen by name.
 */
export interface PlatformDefinition {
  /** Name of the architecture in a scenario. */
  readonly name: string;
  /** The layout of /proc/interrupts of its guests. */
  readonly arch: Platform['arch'];
  /** Labels of the rows that it may have in /proc/interrupts beside its interrupts, of all kernels. */
  readonly rowLabels: readonly string[];
  /** True if /proc/interrupts names flow handlers. */
  readonly namesFlows: boolean;
  /** The most CPUs that its kernel can be built for (NR_CPUS); default 8192. */
  readonly maxCpus?: number;
  /** True if there is an IO-APIC, to whose pins the level-triggered irqfds of KVM belong. */
  readonly hasIoapic: boolean;
  /** A change of affinity can wait for the next interrupt (CONFIG_GENERIC_PENDING_IRQ). */
  readonly genericPendingIrq: boolean;
  /** First number for dynamic allocation (arch_dynirq_lower_bound); undefined: a domain's hwirq is the hint. */
  readonly dynirqLowerBound: number | undefined;
  /** Initial number of interrupt numbers on a machine of so many possible CPUs (arch_probe_nr_irqs). */
  nrIrqs(nrCpuIds: number): number;
  /** The most that it takes that number for on the way to it; missing: no more than that. */
  mostNrIrqs?(nrCpuIds: number): number;
  /**
   * Sets the architecture up.
   *
   * @param vmbusLine how the interrupts of the hypervisor's line count.
   * @param setup what this machine has, or not.
   */
  create(machine: Machine, core: IrqCore, vmbusLine: LineAccounting, setup?: PlatformSetup): Platform;
}

/**
 * Plug-in point: architectures. Bind each under its name, by which a scenario's `arch` chooses it:
 * `bind(PLATFORM_DEFINITION).toConstantValue(definition).whenNamed(definition.name)`.
 */
export const PLATFORM_DEFINITION: Token<PlatformDefinition> = token('PlatformDefinition');

/** The machine's architecture. */
export const PLATFORM: Token<Platform> = token('Platform');

/** The row with this label. @throws RangeError if the architecture has none. */
export function archSource(platform: Platform, label: string): ArchSource {
  const source = platform.sources().find((candidate) => candidate.label === label);
  if (source !== undefined) return source;
  const labels = platform.sources().map((known) => known.label);
  throw new RangeError(`${platform.arch} has no row ${label}; there are ${labels.join(' ')}`);
}

/** A row as an architecture lists it: label, text, what is special about it. */
export type ArchRow = readonly [
  label: string,
  text: string,
  special?: Omit<ArchSource, 'label' | 'text' | 'counts'>,
];

/** The rows of `table`, all at 0. */
export function archSources(nrCpuIds: number, table: readonly ArchRow[]): ArchSource[] {
  return table.map(([label, text, special]) => ({
    label,
    text,
    counts: new Uint32Array(nrCpuIds),
    ...special,
  }));
}
