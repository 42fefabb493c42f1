import type { CpuId, Relid } from '../../lib/brand.js';
import { type MachinePicture, type PictureLine, rateOfLine } from './machine-picture.js';

/** A channel is moved by a write to its `cpu` file. */
export interface Move {
  readonly relid: Relid;
  readonly from: CpuId;
  readonly to: CpuId;
  /** The channel, for people. */
  readonly name: string;
  /** Times a second; undefined if nobody knows. */
  readonly perSecond: number | undefined;
}

/** What takes CPUs offline. */
export interface OfflinePlan {
  readonly cpus: readonly CpuId[];
  readonly moves: readonly Move[];
}

/**
 * How CPUs can go offline: where their channels go first. Each goes to the CPU of its node that has the least to do and is
 * not isolated, the busiest first; where a node has none left, to any other.
 *
 * @throws RangeError for CPUs that cannot go: CPU 0, those that are not online, all that the channels could be on.
 */
export function planOffline(picture: MachinePicture, cpus: readonly CpuId[]): OfflinePlan {
  const { online, isolated, nodeOf, lines } = picture;
  for (const cpu of cpus) {
    if (!online.includes(cpu)) throw new RangeError(`CPU ${cpu} is not online`);
    if (cpu === 0) throw new RangeError('CPU 0 cannot go offline: VMBus has its messages there');
  }
  const staying = online.filter((cpu) => !cpus.includes(cpu) && !isolated.includes(cpu));
  const load = loadOf(lines);
  const busiestFirst = lines
    .filter((line) => line.relid !== undefined && line.cpu !== undefined && cpus.includes(line.cpu))
    .toSorted((a, b) => weightOf(b) - weightOf(a));
  const moves = busiestFirst.flatMap((line): Move[] => {
    const { relid, cpu, name } = line;
    if (relid === undefined || cpu === undefined) return [];
    const near = staying.filter((other) => nodeOf[other] === nodeOf[cpu]);
    const to = leastLoaded(near.length > 0 ? near : staying, load);
    if (to === undefined)
      throw new RangeError(
        `${name} on CPU ${cpu} has nowhere to go: no other CPU is online and not isolated`,
      );
    load.set(to, (load.get(to) ?? 0) + weightOf(line));
    return [{ relid, from: cpu, to, name, perSecond: rateOfLine(line) }];
  });
  return { cpus, moves };
}

/** What a line costs its CPU: interrupts a second, or all that it has had where that is not known. An idle one costs a little. */
function weightOf(line: PictureLine): number {
  return (rateOfLine(line) ?? line.total ?? 0) + 1e-3;
}

function loadOf(lines: readonly PictureLine[]): Map<CpuId, number> {
  const load = new Map<CpuId, number>();
  for (const line of lines) {
    if (line.cpu !== undefined) load.set(line.cpu, (load.get(line.cpu) ?? 0) + weightOf(line));
  }
  return load;
}

function leastLoaded(cpus: readonly CpuId[], load: ReadonlyMap<CpuId, number>): CpuId | undefined {
  let best: CpuId | undefined;
  for (const cpu of cpus) if (best === undefined || (load.get(cpu) ?? 0) < (load.get(best) ?? 0)) best = cpu;
  return best;
}

/** What moves a channel, in any shell: its relid finds its file, whatever the device's GUID. */
export function moveCommand({ relid, to }: Pick<Move, 'relid' | 'to'>): string {
  return `echo ${to} | tee /sys/bus/vmbus/devices/*/channels/${relid}/cpu`;
}
