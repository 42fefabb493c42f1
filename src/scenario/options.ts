import type { CpuId, Hwirq, Irq, Ns, Relid } from '../lib/brand.js';

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
  /** CPUs online from the start; default: all present ones. CPU 0 always is. */
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

export interface HostOptions {
  /** Newest VMBus version that the host accepts; default: the newest of all. */
  readonly version?: VmbusVersion;
  readonly latency?: HostLatencies;
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
  /** Default: the Linux number. */
  readonly hwirq?: Hwirq;
  readonly flow: InterruptFlow;
  /** How the line is triggered; default: `edge` for the edge flow, else `level`. */
  readonly trigger?: 'edge' | 'level';
  /** Name of the action, e.g. `rtc0`; several, separated by a comma and a blank, for a shared line. */
  readonly name: string;
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
  /** In the order of the host's offers; default: none. */
  readonly devices?: readonly DeviceOptions[];
  readonly interrupts?: readonly InterruptOptions[];
  /** Counts of the rows that have a name instead of a number (`NMI`, `LOC`, …); default 0. */
  readonly architectureRows?: Readonly<Record<string, CpuCounts>>;
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
