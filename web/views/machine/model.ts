// What the machine's view has seen of the guest, and what of it is chosen. Its parts read these signals.
import { signal } from '@preact/signals';
import type { ChannelNow, PictureFrame, PictureRow } from 'irqlab/browser';
import { act } from '../../store/guest.js';
import type { PictureSeen } from '../../worker/protocol.js';

export const frame = signal<PictureFrame>({ cpus: [], rows: [] });
/** What was seen last, in the rows of `frame`. */
export const seen = signal<PictureSeen | undefined>(undefined);
/** What the colours say. */
export const mode = signal<'rate' | 'total'>('total');
/** Size of the cells: 1 fits the width. */
export const zoom = signal(1);
/** Where the cursor is: what the panels beside the map are about. */
export const cursor = signal<{ readonly row: number; readonly cpu: number }>({ row: 0, cpu: 0 });
/** What moving a channel's mark writes. */
export const moveBy = signal<'smp_affinity_list' | 'cpu'>('smp_affinity_list');

/** Row of the cursor. */
export function chosenRow(): PictureRow | undefined {
  return frame.value.rows[cursor.value.row];
}

/** What is known now of a row's channel; undefined: it has none, or is not among those that are seen. */
export function channelNow(row: number): ChannelNow | undefined {
  return seen.value?.channels.find((each) => each.row === row);
}

/** Moves a row's line, or its channel, to CPUs. A channel without a line, and one that is to be moved by its file, takes the first. */
export async function move({ irq, channel }: PictureRow, cpus: string): Promise<void> {
  const [first = ''] = cpus.split(/[-,]/);
  const byFile = channel !== undefined && (irq === undefined || moveBy.value === 'cpu');
  if (byFile) await act({ affinity: { relid: channel.relid, cpu: Number(first) } });
  else if (irq !== undefined) await act({ affinity: { irq, cpus } });
}

/** Takes a CPU offline, or brings it online. */
export async function switchCpu(cpu: number): Promise<void> {
  const { isPresent, isOnline } = frame.value.cpus[cpu] ?? { isPresent: false, isOnline: false };
  if (!isPresent) await act({ plugCpu: cpu });
  else await act(isOnline ? { offline: cpu } : { online: cpu });
}
