import { parseCpuList } from '../machine/cpumask-text.js';
import { regularTopology } from '../machine/topology.js';
import { formatDuration } from './duration.js';
import {
  architectureRowNames,
  type CpuCounts,
  type DeviceOptions,
  type ResolvedCpus,
  resolveCpus,
} from './options.js';
import type { ScenarioParts } from './parts.js';
import type { Path } from './source.js';
import { didYouMean } from './suggest.js';

/** Reports one thing that is wrong, at a value of the file. */
export type Report = (path: Path, message: string) => void;

/** Checks how the values of a scenario fit together. */
export function checkScenario(parts: ScenarioParts, report: Report): void {
  const cpus = checkCpus(parts.cpus, report);
  if (cpus !== undefined) checkCpuNumbers(parts, cpus, report);
  checkInterrupts(parts, report);
  checkRelids(parts, report);
  checkWorkload(parts, report);
  checkTimes(parts, report);
}

const listKeys = ['online', 'isolated', 'nohzFull'] as const;

/** CPUs of the guest, as far as they make sense. */
export function checkCpus(cpus: ScenarioParts['cpus'], report: Report): ResolvedCpus | undefined {
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
  if (lists.online?.includes(0) === false) {
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
  for (const [name, counts] of Object.entries(parts.architectureRows ?? {})) {
    checkCounts(counts, ['architectureRows', name]);
  }
  parts.timeline?.forEach((step, i) => {
    const action = step?.action;
    if (action === undefined || !('cpu' in action) || action.kind === 'channelCpu') return;
    const path = action.kind === 'count' ? ['timeline', i, 'count', 'cpu'] : ['timeline', i, action.kind];
    if (action.cpu !== undefined && action.cpu >= possible) report(path, none(action.cpu));
  });
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
  const names = architectureRowNames[arch];
  for (const name of Object.keys(architectureRows ?? {})) {
    if (names.includes(name)) continue;
    const hint = didYouMean(name, names) || `; there are ${names.join(', ')}`;
    report(['architectureRows', name], `${arch} has no row "${name}"${hint}`);
  }
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
function checkRelids({ devices, workload, timeline }: ScenarioParts, report: Report): void {
  const live = new Map<number, DeviceOptions>();
  const ever = new Set<number>();
  const add = (device: DeviceOptions | undefined, at: Path) => {
    if (device === undefined) return;
    for (const { relid, path } of relidsOf(device)) {
      if (live.has(relid)) report([...at, ...path], `relid ${relid} is in use already`);
      live.set(relid, device);
      ever.add(relid);
    }
  };
  devices?.forEach((device, i) => {
    add(device, ['devices', i]);
  });
  timeline?.forEach((step, i) => {
    if (step?.action.kind === 'offer') add(step.action.device, ['timeline', i, 'offer']);
    if (step?.action.kind === 'rescind') {
      const { relid } = step.action;
      for (const [used, device] of live) if (used === relid || device.relid === relid) live.delete(used);
    }
  });
  if (devices?.includes(undefined) || timeline?.includes(undefined)) return;
  const unknown = (relid: number) => `no device has relid ${relid}`;
  workload?.forEach((item, i) => {
    if (item !== undefined && !ever.has(item.relid)) report(['workload', i, 'relid'], unknown(item.relid));
  });
  timeline?.forEach((step, i) => {
    if (step?.action.kind !== 'signal' || ever.has(step.action.relid)) return;
    report(['timeline', i, 'signal'], unknown(step.action.relid));
  });
}

function checkWorkload({ workload, run }: ScenarioParts, report: Report): void {
  workload?.forEach((item, i) => {
    const path = ['workload', i];
    if (item?.kind === 'spread' && item.duringNs < 1) report([...path, 'during'], 'expected more than 0s');
    if (item?.kind !== 'periodic') return;
    const { everyNs, jitterNs, fromNs, untilNs } = item;
    if (everyNs < 1) report([...path, 'every'], 'expected more than 0s');
    if (jitterNs > 0 && jitterNs >= everyNs) {
      report([...path, 'jitter'], `expected less than the ${formatDuration(everyNs)} of "every"`);
    }
    if (untilNs !== undefined && untilNs <= fromNs) {
      report([...path, 'until'], `expected more than the ${formatDuration(fromNs)} of "from"`);
    }
    if (untilNs === undefined && run === undefined) {
      report(path, 'a workload with "every" never ends: give it "until", or the file "run"');
    }
  });
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
