import type { TextBytes } from '../../lib/text-bytes.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import type { CountColumns } from './count-columns.js';
import type { IrqText } from './table.js';

/**
 * A line's row in a text that stays in memory from one reading to the next. Whoever reads again finds most rows as they
 * were: what was counted shows in the line's total, or beside it, so the counters of the others are not looked at.
 */
export class KeptLine {
  private start = -1;
  private end = -1;
  private totCount = 0;
  private countsOutsideTotal = 0;
  private silent = false;

  constructor(
    readonly desc: IrqDesc,
    readonly says: IrqText,
    /** What stands before the counts, and behind them to the end of the line. */
    private readonly head: string,
    private readonly rest: string,
  ) {}

  /** Brings the row up to date where `out` is, unless it stands there already. @param silent zeros for all counts. */
  write(out: TextBytes, columns: CountColumns, silent: boolean): void {
    if (this.start !== out.at) {
      this.start = out.at;
      out.text(this.head);
      this.writeCounts(out, columns, silent);
      out.text(this.rest);
      this.end = out.at;
    } else if (this.hasCounted(silent)) {
      out.at += this.head.length;
      this.writeCounts(out, columns, silent);
    }
    out.at = this.end;
  }

  /** The row stands nowhere any more. */
  forget(): void {
    this.start = -1;
  }

  private hasCounted(silent: boolean): boolean {
    const { totCount, cold } = this.desc;
    return (
      totCount !== this.totCount ||
      cold.countsOutsideTotal !== this.countsOutsideTotal ||
      silent !== this.silent
    );
  }

  private writeCounts(out: TextBytes, columns: CountColumns, silent: boolean): void {
    const { totCount, cold, kstatChunk, kstatBase } = this.desc;
    this.totCount = totCount;
    this.countsOutsideTotal = cold.countsOutsideTotal;
    this.silent = silent;
    if (silent) columns.writeZeros(out);
    else columns.write(out, kstatChunk, kstatBase);
  }
}
