import type { Irq } from '../../lib/brand.js';
import { Mutex } from '../../machine/lock.js';
import { SharedWord, type Step } from '../../machine/step.js';
import type { IrqDesc } from './irqdesc.js';

/** Numbers below this are found in a table. Linux gives out the lowest that are free, so higher ones are rare. */
const TABLE_END = 1 << 20;

/**
 * The descriptors of a machine by number (kernel/irq/irqdesc.c sparse_irqs).
 *
 * Access rules: whoever adds or deletes one holds `lock` when running step by step, as does whoever walks through all
 * and must not meet one that goes. A single look-up needs nothing: in Linux it is a reader of RCU.
 */
export class SparseIrqs {
  /** sparse_irq_lock. */
  readonly lock = new Mutex('sparse_irq_lock');
  private readonly word = new SharedWord('sparse_irqs');
  private readonly table: (IrqDesc | undefined)[] = [];
  private allocated = 0;
  /** Lines with numbers that no table is long enough for. */
  private readonly far = new Map<Irq, IrqDesc>();

  /** The step of a look-up, for who must let others come before it. */
  get lookUp(): Step {
    return this.word.read;
  }

  /** The line with number `irq`, if allocated. */
  get(irq: Irq): IrqDesc | undefined {
    this.word.announceRead();
    return this.find(irq);
  }

  private find(irq: Irq): IrqDesc | undefined {
    return irq < TABLE_END ? this.table[irq] : this.far.get(irq);
  }

  /** All allocated lines, ascending. Lines may come and go meanwhile. */
  *all(): Generator<IrqDesc, void, void> {
    for (let irq = 0; irq < this.table.length; irq++) {
      this.word.announceRead();
      const desc = this.table[irq];
      if (desc !== undefined) yield desc;
    }
    if (this.far.size > 0) yield* [...this.far.values()].sort((a, b) => a.irq - b.irq);
  }

  /** How many lines are allocated. */
  get count(): number {
    this.word.announceRead();
    return this.allocated;
  }

  /** First of `cnt` free numbers in a row, at or after `from` (irq_find_free_area). */
  findFreeArea(from: number, cnt: number): Irq {
    this.word.announceRead();
    let start = from;
    for (let irq = from; irq < start + cnt; irq++) if (this.find(irq) !== undefined) start = irq + 1;
    return start;
  }

  /** Makes a line known by its number (irq_insert_desc). */
  insert(desc: IrqDesc): void {
    this.word.announce();
    this.allocated += 1;
    if (desc.irq >= TABLE_END) {
      this.far.set(desc.irq, desc);
      return;
    }
    while (this.table.length < desc.irq) this.table.push(undefined);
    this.table[desc.irq] = desc;
  }

  /** Frees the line's number (delete_irq_desc). */
  delete(desc: IrqDesc): void {
    this.word.announce();
    this.allocated -= 1;
    if (desc.irq < TABLE_END) this.table[desc.irq] = undefined;
    else this.far.delete(desc.irq);
  }
}
