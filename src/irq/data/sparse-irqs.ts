import type { Irq } from '../../lib/brand.js';
import { Mutex } from '../../machine/lock.js';
import { isWatched, makeWithId, reserveObjectIds, SharedWord, type Step } from '../../machine/step.js';
import type { IrqDesc } from './irqdesc.js';

/** Numbers below this are found in a table. Linux gives out the lowest that are free, so higher ones are rare. */
const TABLE_END = 1 << 20;

/** Numbers below this have a word each; all others share one. */
const OWN_WORDS = 64;

/**
 * The descriptors of a machine by number (kernel/irq/irqdesc.c sparse_irqs).
 *
 * Access rules: whoever adds or deletes one holds `lock` when running step by step, as does whoever walks through all
 * and must not meet one that goes. A single look-up needs nothing: in Linux it is a reader of RCU.
 *
 * To an explorer each number is a word of its own: a look-up depends on who takes and frees that number, and on nobody
 * else. Searches for free numbers and walks depend on all who do.
 */
export class SparseIrqs {
  /** sparse_irq_lock. */
  readonly lock = new Mutex('sparse_irq_lock');
  /** Names which numbers there are. */
  private readonly allWord = new SharedWord('sparse_irqs');
  private readonly wordIds = reserveObjectIds(OWN_WORDS + 1);
  private words: SharedWord[] | undefined;
  private readonly table: (IrqDesc | undefined)[] = [];
  private allocated = 0;
  /** Lines with numbers that no table is long enough for. */
  private readonly far = new Map<Irq, IrqDesc>();

  /** The step of a look-up of `irq`, for who must let others come before it. */
  lookUp(irq: Irq): Step {
    return this.wordOf(irq).read;
  }

  /** The line with number `irq`, if allocated. */
  get(irq: Irq): IrqDesc | undefined {
    if (isWatched()) this.wordOf(irq).announceRead();
    return this.find(irq);
  }

  /** Names the place of `irq` to an explorer. */
  private wordOf(irq: Irq): SharedWord {
    const at = irq >= 0 && irq < OWN_WORDS ? irq : OWN_WORDS;
    this.words ??= [];
    this.words[at] ??= makeWithId(
      this.wordIds + at,
      () => new SharedWord(`sparse_irqs: ${at === OWN_WORDS ? 'other IRQs' : `IRQ ${irq}`}`),
    );
    return this.words[at];
  }

  private announceChange(irq: Irq): void {
    if (!isWatched()) return;
    this.allWord.announce();
    this.wordOf(irq).announce();
  }

  private find(irq: Irq): IrqDesc | undefined {
    return irq < TABLE_END ? this.table[irq] : this.far.get(irq);
  }

  /** All allocated lines, ascending. Lines may come and go meanwhile. */
  *all(): Generator<IrqDesc, void, void> {
    for (let irq = 0; irq < this.table.length; irq++) {
      this.allWord.announceRead();
      const desc = this.table[irq];
      if (desc !== undefined) yield desc;
    }
    if (this.far.size > 0) yield* [...this.far.values()].sort((a, b) => a.irq - b.irq);
  }

  /** How many lines are allocated. */
  get count(): number {
    this.allWord.announceRead();
    return this.allocated;
  }

  /** First of `cnt` free numbers in a row, at or after `from` (irq_find_free_area). */
  findFreeArea(from: number, cnt: number): Irq {
    this.allWord.announceRead();
    let start = from;
    for (let irq = from; irq < start + cnt; irq++) if (this.find(irq) !== undefined) start = irq + 1;
    return start;
  }

  /** Makes a line known by its number (irq_insert_desc). */
  insert(desc: IrqDesc): void {
    this.announceChange(desc.irq);
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
    this.announceChange(desc.irq);
    this.allocated -= 1;
    if (desc.irq < TABLE_END) this.table[desc.irq] = undefined;
    else this.far.delete(desc.irq);
  }
}
