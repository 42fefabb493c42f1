import type { PictureFrame } from 'irqlab/browser';
import { parseCpuList } from '../../lib/cpu-list.js';

/** CPUs that a line may go to and does go to. */
export interface Marks {
  readonly affinity: ReadonlySet<number>;
  readonly effective: readonly number[];
}

const none: Marks = { affinity: new Set(), effective: [] };

/** The marks of a frame's rows, each read when it is first seen. */
export class MarksOfRows {
  private readonly known = new Map<number, Marks>();

  constructor(private readonly frame: PictureFrame) {}

  of(row: number): Marks {
    const known = this.known.get(row);
    if (known !== undefined) return known;
    const { affinity, effective } = this.frame.rows[row] ?? {};
    if (affinity === undefined || effective === undefined) return none;
    const marks = { affinity: new Set(parseCpuList(affinity)), effective: parseCpuList(effective) };
    this.known.set(row, marks);
    return marks;
  }
}
