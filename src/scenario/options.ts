import type { MisbehaveRule } from '../host/misbehave/rule.js';
import type { CpuId, Hwirq, Irq, Ns, Relid } from '../lib/brand.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';

/** The kernels whose behaviour can be chosen. */
export const kernelVersions = ['6.1', '6.10', '6.12', '6.18', '7.2'] as const;
export type KernelVersion = (typeof kernelVersions)[number];

export const architectures = ['x86_64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** VMBus protocol versions that Linux can speak, oldest first. */
export const vmbusVersions = ['2.4', '3.0', '4.0', '4.1', '5.0', '5.1', '5.2', '5.3'] as const;
export type VmbusVersion = (typeof vmbusVersions)[number];

/** CPUs of a guest; a plain number means so many, all present and online. */
export interface CpuOptions {
  /** Number of CPUs plugged in: 0 to present - 1. */
  readonly present: number;
  /** Number of CPUs that there is room for; default: `present`. */
  readonly possible?: number;
  /** CPUs online from the start; default: all present ones. With VMBus CPU 0 is one of them. */
  readonly online?: readonly CpuId[];
  /** CPUs that managed interrupts keep away from (isolcpus=managed_irq). */
  readonly isolated?: readonly CpuId[];
  /** CPUs without a timer tick (nohz_full). */
  readonly nohzFull?: readonly CpuId[];
  /** Number of NUMA nodes; default 1. CPUs are divided evenly. */
  readonly nodes?: number;
  /** Number of packages (sockets); default: as many as nodes. */
  readonly packages?: number;
  /** Hardware threads of each core; default 1. */
  readonly threadsPerCore?: number;
}

/** How long Hyper-V takes. What is left out has the host model's default. */
export interface HostLatencies {
  /** From any control message of the guest to its answer, where nothing below says otherwise. */
  readonly messageNs?: Ns;
  /** OPENCHANNEL to OPENCHANNEL_RESULT. */
  readonly openNs?: Ns;
  /** GPADL_HEADER to GPADL_CREATED. */
  readonly gpadlNs?: Ns;
  /** MODIFYCHANNEL until the host interrupts the new CPU instead of the old one, and says so. */
  readonly modifyChannelNs?: Ns;
}

/** How the host moves data. */
export interface TrafficOptions {
  /** From what the guest sends to its completion. */
  readonly latencyNs?: Ns;
  readonly batch?: {
    /** The host interrupts once for so many packets to the guest. Default 1. */
    readonly count?: number;
    /** After so long it interrupts for fewer, too. Default 0: only what is ready at the same time goes together. */
    readonly waitNs?: Ns;
  };
}

export interface HostOptions {
  /** Newest VMBus version that the host accepts; default: the newest of all. */
  readonly version?: VmbusVersion;
  readonly latency?: HostLatencies;
  /** Vsock ports that services of the host listen on. */
  readonly sockets?: readonly number[];
  /** Disks; default latency 100 µs. */
  readonly storage?: TrafficOptions;
  /** Network adapters; default latency 20 µs. */
  readonly network?: TrafficOptions;
  /** What the host does that it must not; default: nothing. */
  readonly misbehave?: readonly MisbehaveRule[];
}

/** Devices of which nothing but the channel matters here. */
export const plainDrivers = [
  'heartbeat',
  'shutdown',
  'timesync',
  'kvp',
  'vss',
  'fcopy',
  'balloon',
  'mouse',
  'keyboard',
  'framebuffer',
  'netdirect',
  'hv_sock',
] as const;

/** All names that `driver` of a device may have. */
export const driverNames = [...plainDrivers, 'storvsc', 'netvsc', 'vpci'] as const;
export type DriverName = (typeof driverNames)[number];

interface DeviceBase {
  /** Relid of the primary channel, 1 to 2047. */
  readonly relid: Relid;
  /** Instance GUID, without braces; default: made up from seed and relid. */
  readonly instance?: string;
}

/** A device of one channel. */
export interface PlainDeviceOptions extends DeviceBase {
  readonly driver: (typeof plainDrivers)[number];
}

export const storageControllers = ['scsi', 'ide', 'fibreChannel'] as const;

/** A storage controller. */
export interface StorvscOptions extends DeviceBase {
  readonly driver: 'storvsc';
  /** What the host calls it; default `scsi`. */
  readonly controller?: (typeof storageControllers)[number];
  /** Number of the SCSI host in Linux, as in `pri@storvsc1`; default: counted up. */
  readonly scsiHost?: number;
  /** Relids that the host gives to sub-channels, in this order; at most so many are offered. Default: none. */
  readonly subChannels?: readonly Relid[];
}

/** A network adapter. */
export interface NetvscOptions extends DeviceBase {
  readonly driver: 'netvsc';
  /** Channels that the driver asks for, the primary one included, 1 to 64; default: min(8, online CPUs). */
  readonly channels?: number;
  /** Relids that the host gives to sub-channels, in this order; at most so many are offered. Default: none. */
  readonly subChannels?: readonly Relid[];
}

/** A PCI device passed through. */
export interface VpciOptions extends DeviceBase {
  readonly driver: 'vpci';
  /** PCI domain number, 0 to 0xffff; default: from the instance GUID, as in Linux. */
  readonly domain?: number;
}

/** A device of any class, e.g. one that no Linux driver exists for. */
export interface ClassDeviceOptions extends DeviceBase {
  readonly driver?: undefined;
  /** Class GUID, without braces. */
  readonly class: string;
}

/** A device that the host offers. */
export type DeviceOptions =
  | PlainDeviceOptions
  | StorvscOptions
  | NetvscOptions
  | VpciOptions
  | ClassDeviceOptions;

/** Counts per CPU: one number for every CPU, a list from CPU 0 on, or CPU → count. What is left out is 0. */
export type CpuCounts = number | readonly number[] | Readonly<Record<CpuId, number>>;

export const interruptFlows = ['edge', 'level', 'fasteoi', 'percpu', 'simple'] as const;
export type InterruptFlow = (typeof interruptFlows)[number];

/** A row of /proc/interrupts outside VMBus. */
export interface InterruptOptions {
  readonly irq: Irq;
  /** Name of the chip, e.g. `IO-APIC`. */
  readonly chip: string;
  /** True if the chip writes its name itself, without padding; blanks at its start count then. */
  readonly chipPrinted?: boolean;
  /** Default: the Linux number. null: the interrupt belongs to no irqdomain. */
  readonly hwirq?: Hwirq | null;
  readonly flow: InterruptFlow;
  /** What the flow handler is called in /proc/interrupts; null: nothing. Default: `flow` on x86, nothing on arm64. */
  readonly flowName?: string | null;
  /** How the line is triggered; default: `edge` for the edge flow, else `level`. */
  readonly trigger?: 'edge' | 'level';
  /**
   * Name of the action, e.g. `rtc0`; several, separated by a comma and a blank, for a shared line. Without it nobody
   * has requested the interrupt.
   */
  readonly name?: string;
  /** CPUs that it may go to, as a list such as `0-3,5`; default: what /proc/irq/default_smp_affinity says. */
  readonly affinity?: string;
  readonly counts?: CpuCounts;
}

/** Forms that /proc/interrupts has had, named by the first or best known kernel with it. */
export const interruptsForms = ['2.6.18', '3.18', '6.1', '6.12', '6.13', '7.2'] as const;
/** Architectures whose rows in /proc/interrupts differ. */
export const interruptsArchs = [
  'x86',
  'arm',
  'arm64',
  'loongarch',
  'mips',
  'powerpc',
  'riscv',
  's390',
  'unknown',
] as const;

/** How /proc/interrupts is shown, where kernel and architecture of the guest do not say so. */
export interface ProcInterruptsOptions {
  /** Default: the form of the guest's kernel. */
  readonly form?: (typeof interruptsForms)[number];
  /** Default: the guest's architecture. */
  readonly arch?: (typeof interruptsArchs)[number];
  /** Whether there is a Level/Edge column; default: as usual for the architecture. */
  readonly levelColumn?: boolean;
  /** Width that the chip column of form 7.2 has at least; default 8. */
  readonly chipWidth?: number;
}

/** A row of /proc/interrupts that has a name instead of a number. */
export interface ArchitectureRowOptions {
  readonly label: string;
  readonly text?: string;
  /** A count for each CPU, or `total`; a row without either is only a text. */
  readonly counts?: CpuCounts;
  /** One number for the whole machine. */
  readonly total?: number;
  /** Blanks before the first count's ten columns and behind the last count; default: the architecture's. */
  readonly lead?: number;
  readonly gap?: number;
  /** True for a row above the interrupts. */
  readonly above?: boolean;
}

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

/** The state of a channel once the guest has booted. */
export interface ChannelOptions {
  readonly relid: Relid;
  /** CPU that it interrupts; default: where the guest puts it. */
  readonly cpu?: CpuId;
  /** Counts of its interrupt; default: what booting gave. */
  readonly counts?: CpuCounts;
}

/** Rows of /proc/interrupts that have a name instead of a number. */
export const architectureRowNames: Readonly<Record<Architecture, readonly string[]>> = {
  x86_64: [
    ...[
      'NMI',
      'LOC',
      'SPU',
      'PMI',
      'IWI',
      'RTR',
      'RES',
      'CAL',
      'TLB',
      'TRM',
      'THR',
      'DFR',
      'MCE',
      'MCP',
      'HYP',
    ],
    ...['HRE', 'HVS', 'ERR', 'MIS', 'PIN', 'NPI', 'PIW'],
  ],
  arm64: ['IPI0', 'IPI1', 'IPI2', 'IPI3', 'IPI4', 'IPI5', 'IPI6', 'IPI7', 'Err'],
};

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
  /** Default 6.12. */
  readonly kernel?: KernelVersion;
  /** Default x86_64. */
  readonly arch?: Architecture;
  /** Number of IRQs (nr_irqs); default: what Linux computes. */
  readonly nrIrqs?: number;
  /** Of all that is random; default 1. */
  readonly seed?: number;
  /** How long an interrupt keeps its CPU from taking the next one; default 0. */
  readonly interruptTimeNs?: Ns;
  readonly host?: HostOptions;
  /** A confidential VM: the guest does not trust its host, and accepts hardened devices only. Default false. */
  readonly isolation?: boolean;
  /** Designs other than those that the RFC proposes. */
  readonly design?: Partial<VmbusDesign>;
  /** In the order of the host's offers; default: none. */
  readonly devices?: readonly DeviceOptions[];
  /** Channels that are not where the guest puts them, or have been counted before. */
  readonly channels?: readonly ChannelOptions[];
  readonly interrupts?: readonly InterruptOptions[];
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

/** `cpus` with everything filled in that has a fixed default. */
export interface ResolvedCpus {
  readonly present: number;
  readonly possible: number;
  readonly online: readonly CpuId[];
  readonly isolated: readonly CpuId[];
  readonly nohzFull: readonly CpuId[];
  readonly nodes: number;
  readonly packages: number;
  readonly threadsPerCore: number;
}

export function resolveCpus(cpus: number | CpuOptions): ResolvedCpus {
  const options = typeof cpus === 'number' ? { present: cpus } : cpus;
  const { present, possible = present, online, isolated = [], nohzFull = [], nodes = 1 } = options;
  return {
    present,
    possible,
    online: online ?? Array.from({ length: present }, (_, cpu) => cpu),
    isolated,
    nohzFull,
    nodes,
    packages: options.packages ?? nodes,
    threadsPerCore: options.threadsPerCore ?? 1,
  };
}

/** `counts` as one number per CPU. @throws RangeError if it speaks of a CPU that does not exist. */
export function countsPerCpu(counts: CpuCounts | undefined, nrCpus: number): number[] {
  const result = new Array<number>(nrCpus).fill(typeof counts === 'number' ? counts : 0);
  if (counts === undefined || typeof counts === 'number') return result;
  for (const [key, count] of Object.entries(counts)) {
    const cpu = Number(key);
    if (!(Number.isInteger(cpu) && cpu >= 0 && cpu < nrCpus)) {
      throw new RangeError(`there is a count for CPU ${key}, but the guest has CPUs 0-${nrCpus - 1}`);
    }
    result[cpu] = count;
  }
  return result;
}
