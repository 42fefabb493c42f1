import type { CpuId, Irq, Relid } from '../../lib/brand.js';
import { formatDuration } from '../../scenario/duration.js';
import { type OfferedDevice, relidsOfOffered } from '../../scenario/offered-devices.js';
import type { CapturedOptions } from '../captured-options.js';
import { counted } from '../../lib/counted.js';
import type { FindingList } from './findings.js';
import { type Rate, rateOf, rhythmOf } from './rate.js';
import { countsOfIrq, type Snapshot } from './snapshots.js';

/** An item of a scenario's workload as its file has it, and what is said of it there. */
export interface WorkloadLine {
  readonly item: {
    readonly relid?: Relid;
    readonly irq?: Irq;
    readonly cpu?: CpuId;
    readonly every: string;
    readonly jitter?: string;
    readonly burst?: number;
  };
  readonly comment: string;
}

/** What went on on a machine while it was recorded. */
export interface RecordedWorkload {
  readonly lines: readonly WorkloadLine[];
  /** For how long. */
  readonly seconds: number;
}

/**
 * The workload that makes a guest live as its machine did between the snapshots: a line for each channel and interrupt that
 * counted, with its rate and, as far as intervals show it, its bursts.
 *
 * @returns undefined if there are less than two snapshots.
 */
export function recordedWorkload(
  snapshots: readonly Snapshot[],
  { devices = [], interrupts = [] }: CapturedOptions,
  findings: FindingList,
): RecordedWorkload | undefined {
  const [first, last] = [snapshots[0], snapshots.at(-1)];
  if (last === undefined || snapshots.length < 2) return undefined;
  const timesS = snapshots.map(({ timeS }) => timeS);
  const lines: WorkloadLine[] = [];
  for (const [relid, name] of namesOf(devices)) {
    const irq = irqOfChannel(last, relid);
    const counts = snapshots.map((one) => {
      const ofIrq = irq === undefined ? undefined : countsOfIrq(one, irq);
      return ofIrq === undefined ? one.channels.get(relid) : sum(ofIrq);
    });
    push(lines, { relid }, name, rateOf(timesS, counts));
  }
  for (const { irq, name, flow } of interrupts) {
    if (name === undefined) continue;
    const all = snapshots.map((one) => countsOfIrq(one, irq));
    if (flow !== 'percpu') {
      push(
        lines,
        { irq },
        name,
        rateOf(
          timesS,
          all.map((counts) => counts && sum(counts)),
        ),
      );
      continue;
    }
    for (const cpu of last.interrupts.table.cpus) {
      const counts = snapshots.map((one, at) => all[at]?.[one.interrupts.table.cpus.indexOf(cpu)]);
      push(lines, { irq, cpu }, `${name} of CPU ${cpu}`, rateOf(timesS, counts));
    }
  }
  const seconds = last.timeS - first.timeS;
  findings.take(
    `rates of ${lines.length} channels and interrupts`,
    `${counted(snapshots.length, 'snapshot')} over ${seconds.toFixed(1)} s`,
  );
  if (snapshots.length === 2) findings.guess('interrupts come evenly', 'two snapshots show no bursts');
  const rows = last.interrupts.table.rows.filter((row) => row.kind === 'arch' && sum(row.counts) > 0);
  if (rows.length > 0)
    findings.leave(
      'rates of rows such as LOC and RES',
      'the architecture counts them; their counts are kept',
    );
  return { lines, seconds };
}

function push(
  lines: WorkloadLine[],
  target: Pick<WorkloadLine['item'], 'relid' | 'irq' | 'cpu'>,
  name: string,
  rate: Rate | undefined,
): void {
  if (rate === undefined || rate.times === 0) return;
  const { everyNs, burst, isRandom } = rhythmOf(rate);
  const perSecond = rate.times / rate.seconds;
  const shape = burst > 1 ? `, in bursts of about ${burst}` : isRandom ? ', at random' : '';
  lines.push({
    item: {
      ...target,
      every: formatDuration(everyNs),
      ...(isRandom && everyNs > 1 && { jitter: formatDuration(Math.floor(everyNs * 0.9)) }),
      ...(burst > 1 && { burst }),
    },
    comment: `${name}: ${Number(perSecond.toPrecision(3))}/s${shape}`,
  });
}

/** What each channel belongs to. */
function namesOf(devices: readonly OfferedDevice[]): Map<Relid, string> {
  return new Map(
    devices.flatMap((device) =>
      relidsOfOffered(device).map((relid): [Relid, string] => [
        relid,
        device.driver ?? 'a device without a driver',
      ]),
    ),
  );
}

function irqOfChannel({ interrupts }: Snapshot, relid: Relid): Irq | undefined {
  const row = interrupts.table.rows.find(
    (one) => one.kind === 'irq' && one.chip === 'VMBus' && one.hwirq === relid,
  );
  return row?.kind === 'irq' ? row.irq : undefined;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
