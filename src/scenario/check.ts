import { parseCpuList } from '../machine/cpumask-text.js';
import { regularTopology } from '../machine/topology.js';
import { designProblem } from '../vmbus/variants/design.js';
import { formatDuration } from './duration.js';
import {
  type ArchitectureRowOptions,
  architectureRowNames,
  type CpuCounts,
  type DeviceOptions,
  type ResolvedCpus,
  resolveCpus,
} from './options.js';
import type { ScenarioParts } from './parts.js';
import type { WorkloadItem } from './scenario.js';
import type { Path } from './source.js';
import { didYouMean } from './suggest.js';

/** Reports one thing that is wrong, at a value of the file. */
export type Report = (path: Path, message: string) => void;

/** Checks how the values of a scenario fit together. */
export function checkScenario(parts: ScenarioParts, report: Report): void {
  const cpus = checkCpus(parts.cpus, report, parts.vmbus);
  if (cpus !== undefined) checkCpuNumbers(parts, cpus, report);
  checkInterrupts(parts, report);
  checkKvm(parts, report);
  checkRelids(parts, report);
  checkWorkload(parts, report);
  checkTimes(parts, report);
  const problem = designProblem(parts.design ?? {});
  if (problem !== undefined) report(['design'], problem);
}

const listKeys = ['online', 'isolated', 'nohzFull'] as const;

/** CPUs of the guest, as far as they make sense. */
export function checkCpus(
  cpus: ScenarioParts['cpus'],
  report: Report,
  vmbus: boolean | undefined = true,
): ResolvedCpus | undefined {
  if (cpus === undefined) return undefined;
  if (typeof cpus === 'number') return resolveCpus(cpus);
  const { present, possible = present, nodes, packages, threadsPerCore } = cpus;
  if (possible < present) {
    report(['cpus', 'possible'], `expected at least the ${present} CPUs that are present, not ${possible}`);
    return undefined;
  }
  const lists: { [K in (typeof listKeys)[number]]?: number[] } = {};
  for (const key of listKeys) {
    const text = cpus[key];
    if (text === undefined) continue;
    const end = key === 'online' ? present : possible;
    try {
      lists[key] = [...parseCpuList(text, end)];
    } catch {
      report(['cpus', key], `expected a list of CPUs of 0-${end - 1} such as "0-3,5", not "${text}"`);
    }
  }
  if (vmbus && lists.online?.includes(0) === false) {
    report(['cpus', 'online'], 'CPU 0 is always online: expected it in the list');
  }
  try {
    regularTopology(possible, { nodes, packages, threadsPerCore });
  } catch (error) {
    report(['cpus'], error instanceof Error ? error.message : String(error));
  }
  return resolveCpus({ present, possible, nodes, packages, threadsPerCore, ...lists });
}

function checkCpuNumbers(parts: ScenarioParts, { possible }: ResolvedCpus, report: Report): void {
  const none = (cpu: number | string) =>
    `there is no CPU ${cpu}: this guest has ${possible === 1 ? 'CPU 0 only' : `CPUs 0-${possible - 1}`}`;
  const checkCounts = (counts: CpuCounts | undefined, path: Path) => {
    if (typeof counts !== 'object') return;
    for (const cpu of Object.keys(counts)) {
      if (Number(cpu) >= possible) report([...path, cpu], none(cpu));
    }
  };
  parts.interrupts?.forEach((interrupt, i) => {
    checkCounts(interrupt?.counts, ['interrupts', i, 'counts']);
  });
  checkRowCounts(parts.architectureRows, checkCounts);
  parts.interrupts?.forEach((interrupt, i) => {
    if (interrupt?.affinity === undefined || isCpuList(interrupt.affinity, possible)) return;
    report(
      ['interrupts', i, 'affinity'],
      `expected a list of CPUs of 0-${possible - 1}, not "${interrupt.affinity}"`,
    );
  });
  parts.channels?.forEach((channel, i) => {
    checkCounts(channel?.counts, ['channels', i, 'counts']);
    if (channel?.cpu !== undefined && channel.cpu >= possible)
      report(['channels', i, 'cpu'], none(channel.cpu));
  });
  parts.workload?.forEach((item, i) => {
    if (item === undefined || !('cpus' in item) || item.cpus === undefined || isCpuList(item.cpus, possible))
      return;
    report(['workload', i, 'cpus'], `expected a list of CPUs of 0-${possible - 1}, not "${item.cpus}"`);
  });
  parts.timeline?.forEach((step, i) => {
    const action = step?.action;
    if (action === undefined || !('cpu' in action) || action.kind === 'channelCpu') return;
    const path = action.kind === 'count' ? ['timeline', i, 'count', 'cpu'] : ['timeline', i, action.kind];
    if (action.cpu !== undefined && action.cpu >= possible) report(path, none(action.cpu));
  });
}

function isCpuList(text: string, possible: number): boolean {
  try {
    return !parseCpuList(text, possible).isEmpty;
  } catch {
    return false;
  }
}

/** Counts of the rows, whichever way they are given. */
function checkRowCounts(
  rows: ScenarioParts['architectureRows'],
  check: (counts: CpuCounts | undefined, path: Path) => void,
): void {
  if (Array.isArray(rows)) {
    for (const [i, row] of (rows as readonly (ArchitectureRowOptions | undefined)[]).entries()) {
      check(row?.counts, ['architectureRows', i, 'counts']);
    }
    return;
  }
  for (const [name, counts] of Object.entries(rows ?? {}))
    check(counts as CpuCounts, ['architectureRows', name]);
}

function checkInterrupts(
  { interrupts, architectureRows, arch = 'x86_64' }: ScenarioParts,
  report: Report,
): void {
  const seen = new Set<number>();
  interrupts?.forEach((interrupt, i) => {
    if (interrupt === undefined) return;
    if (seen.has(interrupt.irq))
      report(['interrupts', i, 'irq'], `there is an interrupt ${interrupt.irq} already`);
    seen.add(interrupt.irq);
  });
  if (Array.isArray(architectureRows)) return;
  const names = architectureRowNames[arch];
  for (const name of Object.keys(architectureRows ?? {})) {
    if (names.includes(name)) continue;
    const hint = didYouMean(name, names) || `; there are ${names.join(', ')}`;
    report(['architectureRows', name], `${arch} has no row "${name}"${hint}`);
  }
}

function checkKvm({ kvm, arch, interrupts }: ScenarioParts, report: Report): void {
  if (kvm === undefined) return;
  if (arch === 'arm64') report(['kvm'], 'arm64 has no IO-APIC, to which level-triggered irqfds belong here');
  const names = new Set<string>();
  kvm.devices.forEach((device, i) => {
    const path = ['kvm', 'devices', i];
    if (names.has(device.name)) report([...path, 'name'], `there is a device ${device.name} already`);
    names.add(device.name);
    if (interrupts?.some((interrupt) => interrupt?.irq === device.gsi))
      report([...path, 'gsi'], `"interrupts" has an interrupt ${device.gsi} already`);
    if (device.everyNs < 1) report([...path, 'every'], 'expected more than 0s');
    if (device.duringNs < 1) report([...path, 'during'], 'expected more than 0s');
    if (device.reassignNs === 0) report([...path, 'reassign'], 'expected more than 0s');
  });
}

/** Relids of a device and where in it they stand. */
function relidsOf(device: DeviceOptions): { relid: number; path: Path }[] {
  const subChannels = 'subChannels' in device ? (device.subChannels ?? []) : [];
  return [
    { relid: device.relid, path: ['relid'] },
    ...subChannels.map((relid, i) => ({ relid, path: ['subChannels', i] })),
  ];
}

/** A relid may be used once only until it is rescinded, and whoever signals one needs a device that has it. */
function checkRelids({ devices, channels, workload, timeline, vmbus }: ScenarioParts, report: Report): void {
  if (vmbus === false && devices !== undefined && devices.length > 0) {
    report(['devices'], 'a machine without VMBus has no devices of Hyper-V');
  }
  const live = new Map<number, DeviceOptions>();
  const ever = new Set<number>();
  const drivers = new Map<number, DeviceOptions['driver']>();
  const add = (device: DeviceOptions | undefined, at: Path) => {
    if (device === undefined) return;
    drivers.set(device.relid, device.driver);
    for (const { relid, path } of relidsOf(device)) {
      if (live.has(relid)) report([...at, ...path], `relid ${relid} is in use already`);
      live.set(relid, device);
      ever.add(relid);
    }
  };
  devices?.forEach((device, i) => {
    add(device, ['devices', i]);
  });
  channels?.forEach((channel, i) => {
    if (channel === undefined || devices?.includes(undefined) || ever.has(channel.relid)) return;
    report(['channels', i, 'relid'], `no device has relid ${channel.relid} from the start`);
  });
  // From a resume on relids are others, most of which nobody knows before.
  const resumed = timeline?.findIndex((step) => step?.action.kind === 'resume') ?? -1;
  const known = resumed < 0 ? timeline : timeline?.slice(0, resumed);
  known?.forEach((step, i) => {
    if (step?.action.kind === 'offer') add(step.action.device, ['timeline', i, 'offer']);
    if (step?.action.kind === 'rescind') {
      const { relid } = step.action;
      for (const [used, device] of live) if (used === relid || device.relid === relid) live.delete(used);
    }
  });
  if (devices?.includes(undefined) || timeline?.includes(undefined)) return;
  const unknown = (relid: number) => `no device has relid ${relid}`;
  workload?.forEach((item, i) => {
    if (item === undefined) return;
    const [key, driver] = workloadTarget(item);
    if (!ever.has(item.relid)) report(['workload', i, key], unknown(item.relid));
    else if (driver !== undefined && drivers.get(item.relid) !== driver) {
      report(['workload', i, key], `expected the relid of a device with driver ${driver}, not ${item.relid}`);
    }
  });
  known?.forEach((step, i) => {
    if (step?.action.kind !== 'signal' || ever.has(step.action.relid)) return;
    report(['timeline', i, 'signal'], unknown(step.action.relid));
  });
}

/** The key that names a workload's device, and the driver that it must have. */
function workloadTarget({
  kind,
}: WorkloadItem): ['relid' | 'disk' | 'nic', 'storvsc' | 'netvsc' | undefined] {
  if (kind === 'diskLoop' || kind === 'diskRate') return ['disk', 'storvsc'];
  return kind === 'frames' ? ['nic', 'netvsc'] : ['relid', undefined];
}

function checkWorkload({ workload, run }: ScenarioParts, report: Report): void {
  workload?.forEach((item, i) => {
    const path = ['workload', i];
    if (item === undefined) return;
    if (item.kind === 'periodic' || item.kind === 'diskLoop') checkUntil(item, path, run, report);
    else if (item.duringNs < 1) report([...path, 'during'], 'expected more than 0s');
    if (item.kind === 'periodic') checkPeriod(item, path, report);
    if (item.kind === 'diskRate' && item.ios < 1 && item.duringNs > 0) {
      report([...path, 'iops'], `expected enough for one I/O in ${formatDuration(item.duringNs)}`);
    }
  });
}

function checkPeriod(
  { everyNs, jitterNs }: WorkloadItem & { kind: 'periodic' },
  path: Path,
  report: Report,
): void {
  if (everyNs < 1) report([...path, 'every'], 'expected more than 0s');
  if (jitterNs > 0 && jitterNs >= everyNs) {
    report([...path, 'jitter'], `expected less than the ${formatDuration(everyNs)} of "every"`);
  }
}

function checkUntil(
  item: WorkloadItem & { kind: 'periodic' | 'diskLoop' },
  path: Path,
  run: ScenarioParts['run'],
  report: Report,
): void {
  const { fromNs, untilNs } = item;
  if (untilNs !== undefined && untilNs <= fromNs) {
    report([...path, 'until'], `expected more than the ${formatDuration(fromNs)} of "from"`);
  }
  if (untilNs !== undefined || run !== undefined) return;
  if (item.kind === 'periodic') {
    report(path, 'a workload with "every" never ends: give it "until", or the file "run"');
  } else if (item.ios === undefined) {
    report(path, 'a workload with "outstanding" never ends: give it "ios" or "until", or the file "run"');
  }
}

function checkTimes({ timeline, run }: ScenarioParts, report: Report): void {
  let latest = 0;
  timeline?.forEach((step, i) => {
    const at = step?.atNs;
    if (at === undefined) return;
    if (at < latest) {
      report(
        ['timeline', i, 'at'],
        `${formatDuration(at)} is before the ${formatDuration(latest)} of an earlier step`,
      );
    }
    if (run !== undefined && at > run) {
      report(
        ['timeline', i, 'at'],
        `${formatDuration(at)} is after the end of the run at ${formatDuration(run)}`,
      );
    }
    latest = Math.max(latest, at);
  });
}
