import type { Irq, Relid } from '../../lib/brand.js';
import {
  parseInterrupts,
  InterruptsSyntaxError,
  type ParsedInterrupts,
} from '../../view/interrupts/parse.js';
import type { FindingList } from './findings.js';
import type { MachineFiles } from './machine-files.js';

/** What counted on a machine, at one time. */
export interface Snapshot {
  /** The machine's uptime in s. */
  readonly timeS: number;
  readonly interrupts: ParsedInterrupts;
  /** Interrupts that each channel has had, by its relid (`interrupts` of sysfs). */
  readonly channels: ReadonlyMap<Relid, number>;
}

/** The snapshots of a recording, the earliest first; what is not understood is left out. */
export function readSnapshots(files: MachineFiles, findings: FindingList): Snapshot[] {
  const snapshots: Snapshot[] = [];
  const bad: string[] = [];
  for (const name of files.list('/snapshots')) {
    const path = `/snapshots/${name}`;
    const uptime = /^(\d{1,12}(?:\.\d{1,9})?)(?:\s|$)/.exec(files.line(`${path}/proc/uptime`) ?? '')?.[1];
    const interrupts = interruptsIn(files.text(`${path}/proc/interrupts`) ?? '');
    const timeS = Number(uptime);
    const last = snapshots.at(-1);
    if (uptime === undefined || interrupts === undefined || (last !== undefined && timeS <= last.timeS)) {
      bad.push(name);
      continue;
    }
    snapshots.push({ timeS, interrupts, channels: channelsIn(files.text(`${path}/vmbus-channels`) ?? '') });
  }
  if (bad.length > 0)
    findings.leave(
      `${bad.length} snapshots`,
      `/snapshots/${bad[0]}: no uptime later than the one before, or no table of interrupts`,
    );
  return snapshots;
}

function interruptsIn(text: string): ParsedInterrupts | undefined {
  try {
    return parseInterrupts(text);
  } catch (error) {
    if (error instanceof InterruptsSyntaxError) return undefined;
    throw error;
  }
}

/** Lines as grep prints them: `/sys/bus/vmbus/devices/GUID/channels/7/interrupts:123`. */
function channelsIn(text: string): ReadonlyMap<Relid, number> {
  const all = text.matchAll(/\/channels\/(\d{1,4})\/interrupts:(\d{1,15})$/gm);
  return new Map([...all].map(([, relid, count]) => [Number(relid), Number(count)]));
}

/** Counts of one interrupt at each snapshot, per CPU of that snapshot; undefined where it is not there. */
export function countsOfIrq(snapshot: Snapshot, irq: Irq): readonly number[] | undefined {
  const row = snapshot.interrupts.table.rows.find((one) => one.kind === 'irq' && one.irq === irq);
  return row?.kind === 'irq' ? row.counts : undefined;
}
