import type { CpuId } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { formatCpuList, parseCpuList } from '../../machine/cpumask-text.js';
import { CpuMask } from '../../machine/cpumask.js';
import { topologyOf } from '../../machine/topology.js';
import { type CpuOptions, cpuVendors } from '../../scenario/options/cpus.js';
import { type KernelVersion, kernelVersions } from '../../scenario/options/kernel.js';
import { moduleParameters, type ParameterValues } from '../../vmbus/module-parameters.js';
import { counted } from '../../lib/counted.js';
import type { FindingList } from './findings.js';
import type { MachineFiles } from './machine-files.js';
import { ringSizes } from './ring-sizes.js';

/** What the files of a machine say of it, apart from its interrupts and devices. */
export interface MachineFacts {
  /** CPUs, as far as sysfs tells, with `online` if the kernel booted with no more; undefined: it does not. */
  readonly cpus?: CpuOptions;
  /** Parameters of the kernel that matter here. */
  readonly cmdline?: string;
  /** Parameters of modules that differ from what is usual. */
  readonly moduleParameters?: ParameterValues;
  /** `6.8.0-1021-azure`. */
  readonly release?: string;
  /** The machine has a VMBus. */
  readonly vmbus?: boolean;
}

const CPUS = '/sys/devices/system/cpu';
const NODES = '/sys/devices/system/node';
const MOST_CPUS = 8192;

const vendors: Readonly<Record<string, (typeof cpuVendors)[number]>> = {
  GenuineIntel: 'Intel',
  AuthenticAMD: 'AMD',
  HygonGenuine: 'Hygon',
};

/** Parameters that change what the model does. What limits CPUs is seen in the CPUs that there are. */
const ownParameters: ReadonlySet<string> = new Set([
  'isolcpus',
  'nohz_full',
  'irqaffinity',
  'threadirqs',
  'noirqdebug',
  'irqfixup',
  'irqpoll',
  'cpu0_hotplug',
]);

/** Reads what the files of a machine say of it. */
export function machineFacts(files: MachineFiles, findings: FindingList): MachineFacts {
  const cmdline = cmdlineOf(files, findings);
  const cpus = cpusOf(files, cmdline, findings);
  const release = releaseOf(files);
  const parameters = ringSizes(files, cmdline ?? '', findings);
  return {
    ...(cpus !== undefined && { cpus }),
    ...(cmdline !== undefined && { cmdline }),
    ...(parameters !== undefined && { moduleParameters: parameters }),
    ...(release !== undefined && { release }),
    ...(files.list('/sys/bus/vmbus').length > 0 && { vmbus: true }),
  };
}

/** CPUs of a list in a file; undefined if there is none, or it is no list. */
function listIn(files: MachineFiles, path: string): readonly CpuId[] | undefined {
  const line = files.line(path);
  if (line === undefined) return undefined;
  try {
    return [...parseCpuList(line, MOST_CPUS)];
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}

function cpusOf(
  files: MachineFiles,
  cmdline: string | undefined,
  findings: FindingList,
): CpuOptions | undefined {
  const present = listIn(files, `${CPUS}/present`);
  if (present === undefined || present.length === 0) return undefined;
  const online = listIn(files, `${CPUS}/online`) ?? present;
  const nrPresent = present[present.length - 1] + 1;
  const possible = Math.max(nrPresent, 1 + Math.max(...(listIn(files, `${CPUS}/possible`) ?? [0])));
  findings.take(
    `${counted(present.length, 'CPU')}${online.length < present.length ? `, ${formatCpuList(CpuMask.of(nrPresent, online))} online` : ''}`,
    `${CPUS}/present, online, possible`,
  );
  if (present.length < nrPresent)
    findings.guess(`CPUs 0-${nrPresent - 1} are present`, `${CPUS}/present has gaps, which a guest has not`);
  const limit = /(?:^|\s)maxcpus=(\d{1,5})(?=\s|$)/.exec(files.line('/proc/cmdline') ?? '')?.[1];
  const atLeast = Math.max(1, Number(limit ?? nrPresent));
  const booted = numbers(0, nrPresent - 1).filter((cpu) => cpu < atLeast || online.includes(cpu));
  if (booted.length > online.length)
    findings.guess('CPUs that are offline went after devices were set up', `${CPUS}/online`);
  const vendor = vendorOf(files);
  const nohzFull = listIn(files, `${CPUS}/nohz_full`) ?? [];
  const noTickSaid = /(?:^|\s)(?:nohz_full=|isolcpus=\S*nohz)/.test(cmdline ?? '');
  return {
    present: nrPresent,
    ...(possible > nrPresent && { possible }),
    ...(limit !== undefined && booted.length < nrPresent && { online: booted }),
    ...(nohzFull.length > 0 && !noTickSaid && { nohzFull }),
    ...(vendor !== undefined && vendor !== 'Intel' && { vendor }),
    ...topologyIn(files, possible, online, findings),
  };
}

function vendorOf(files: MachineFiles): CpuOptions['vendor'] {
  const id = /^vendor_id\s*: (\S+)/m.exec(files.text('/proc/cpuinfo') ?? '')?.[1];
  return id === undefined ? undefined : vendors[id];
}

type Shape = Pick<CpuOptions, 'nodes' | 'packages' | 'threadsPerCore'>;

/** Nodes, packages and threads, in the shortest form that a scenario has for them. */
function topologyIn(
  files: MachineFiles,
  possible: number,
  online: readonly CpuId[],
  findings: FindingList,
): Shape {
  const { nodes } = nodesIn(files, possible, findings);
  const usual = typeof nodes === 'number' ? nodes : 1;
  const shape: Shape = {
    ...(nodes !== undefined && { nodes }),
    ...packagesIn(files, possible, online, usual, findings),
  };
  if (Object.keys(shape).length === 0) return shape;
  try {
    topologyOf(possible, shape);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    findings.leave('packages and threads of CPUs', `${CPUS}/cpu*/topology: ${error.message}`);
    return {};
  }
  const { packages, threadsPerCore = 1 } = shape;
  if (packages !== undefined)
    findings.take(
      `${counted(packages, 'package')}, ${counted(threadsPerCore, 'thread')} a core`,
      `${CPUS}/cpu*/topology`,
    );
  return shape;
}

function nodesIn(files: MachineFiles, possible: number, findings: FindingList): Shape {
  const lists = files
    .list(NODES)
    .filter((name) => /^node\d+$/.test(name))
    .map((name) => listIn(files, `${NODES}/${name}/cpulist`) ?? []);
  if (lists.length < 2 || lists.length > possible) return {};
  findings.take(`${lists.length} NUMA nodes`, `${NODES}/node*/cpulist`);
  const perNode = Math.ceil(possible / lists.length);
  const isRegular = lists.every((cpus, node) => cpus.every((cpu) => Math.floor(cpu / perNode) === node));
  if (isRegular) return { nodes: lists.length };
  const full = lists.filter(({ length }) => length > 0);
  const node = new Array<number>(possible).fill(-1);
  for (const [number, cpus] of full.entries()) for (const cpu of cpus) if (cpu < possible) node[cpu] = number;
  // Of CPUs that are not there nobody knows the node.
  if (node.includes(-1)) findings.guess('nodes of CPUs that are offline', 'as the CPU before each');
  for (let cpu = 0; cpu < possible; cpu++) if (node[cpu] < 0) node[cpu] = cpu === 0 ? 0 : node[cpu - 1];
  return { nodes: full.map((_, at) => node.flatMap((of, cpu) => (of === at ? [cpu] : []))) };
}

/** Where a CPU sits, as its topology directory says. */
interface Seat {
  readonly cpu: CpuId;
  readonly package: number;
  readonly core: number | undefined;
  readonly threads: number;
}

/**
 * Packages and threads as a regular machine has them. Of CPUs that are offline nothing is known.
 *
 * @param usual number of packages that is taken if it can be.
 */
function packagesIn(
  files: MachineFiles,
  possible: number,
  online: readonly CpuId[],
  usual: number,
  findings: FindingList,
): Shape {
  const seats = online.flatMap((cpu): Seat[] => {
    const topology = `${CPUS}/cpu${cpu}/topology`;
    const id = files.number(`${topology}/physical_package_id`);
    const threads = listIn(files, `${topology}/thread_siblings_list`)?.length ?? 1;
    return id === undefined ? [] : [{ cpu, package: id, core: files.number(`${topology}/core_id`), threads }];
  });
  if (seats.length < online.length) return {};
  const packages = [usual, ...numbers(1, possible)].find((count) => isDivided(seats, possible, count));
  if (packages === undefined) {
    findings.leave('packages of CPUs', `${CPUS}/cpu*/topology: they are no equal runs of CPUs`);
    return {};
  }
  const perPackage = Math.ceil(possible / packages);
  // Of threads that are all offline but one, this alone tells.
  const hasSmt = /^(?:on|off|forceoff)$/.test(files.line(`${CPUS}/smt/control`) ?? '');
  const least = hasSmt ? 2 : 1;
  const numbered = [1, 2, 4, 8].find(
    (threads) =>
      threads >= least && seats.every(({ cpu, core }) => core === Math.floor((cpu % perPackage) / threads)),
  );
  const threads = numbered ?? Math.max(least, ...seats.map((seat) => seat.threads));
  return { packages, ...(threads > 1 && { threadsPerCore: threads }) };
}

/** Whether CPUs of one package, and no others, are together in so many equal runs of CPUs. */
function isDivided(seats: readonly Seat[], possible: number, packages: number): boolean {
  const perPackage = Math.ceil(possible / packages);
  const runOf = ({ cpu }: Seat): number => Math.floor(cpu / perPackage);
  // As many pairs as packages and as runs: each run is one package.
  const counts = [
    new Set(seats.map((seat) => seat.package)),
    new Set(seats.map(runOf)),
    new Set(seats.map((seat) => `${runOf(seat)} ${seat.package}`)),
  ].map(({ size }) => size);
  return counts.every((count) => count === counts[0]);
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

function cmdlineOf(files: MachineFiles, findings: FindingList): string | undefined {
  const known = (word: string): boolean => {
    const name = word.split('=', 1)[0].replaceAll('-', '_');
    return ownParameters.has(name) || moduleParameters.some((one) => `${one.module}.${one.name}` === name);
  };
  const whole = files.line('/proc/cmdline') ?? '';
  const words = (whole.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []).filter(known);
  if (words.length > 0) findings.take(`kernel parameters: ${words.join(' ')}`, '/proc/cmdline');
  const isolated = files.line(`${CPUS}/isolated`);
  if (isolated !== undefined && !words.some((word) => word.startsWith('isolcpus='))) {
    const parameter = `isolcpus=${isolated}`;
    findings.guess(`kernel parameter ${parameter}`, `${CPUS}/isolated; /proc/cmdline has none`);
    words.push(parameter);
  }
  return words.length === 0 ? undefined : words.join(' ');
}

function releaseOf(files: MachineFiles): string | undefined {
  const osrelease = files.line('/proc/sys/kernel/osrelease');
  if (osrelease !== undefined) return osrelease;
  const uname = files.line('/sos_commands/kernel/uname_-a') ?? files.line('/proc/version');
  return uname === undefined ? undefined : /\b(\d+\.\d+\S*)/.exec(uname)?.[1];
}

/**
 * The modelled kernel that a release is: the newest that is not newer. It must print the layout that was captured: a
 * release that does not is another machine's, as that of a container's host.
 *
 * @param usual the oldest modelled kernel with the captured layout.
 */
export function kernelOfRelease(
  release: string | undefined,
  usual: KernelVersion,
  hasLayout: (kernel: KernelVersion) => boolean,
): KernelVersion {
  const match = /^(\d+)\.(\d+)/.exec(release ?? '');
  if (match === null) return usual;
  const order = (version: string): number => {
    const [major, minor] = version.split('.').map(Number);
    return major * 1000 + minor;
  };
  const fitting = kernelVersions.filter((kernel) => hasLayout(kernel) && order(kernel) <= order(match[0]));
  return fitting.at(-1) ?? usual;
}
