/** Bytes of the kernel's buffer besides its entries, of each entry, and of a page (struct saved_cmdlines_buffer). */
const HEAD_BYTES = 131_096;
const ENTRY_BYTES = 20;
const PAGE_BYTES = 4096;
const DEFAULT_ENTRIES = 128;
/** Pids that differ by this have the same place (PID_MAX_DEFAULT). */
export const MOST_ENTRIES = 32_768;

interface Entry {
  readonly pid: number;
  comm: string;
}

/**
 * Names of the tasks whose events were written (kernel/trace/trace_sched_switch.c). Once all places are taken, the one
 * whose task came first is given away; what is shown of that task has no name any more.
 */
export class SavedCmdlines {
  private places: (Entry | undefined)[] = [];
  private readonly placeOfPid = new Map<number, number>();
  private latest = 0;
  private count = entriesFor(DEFAULT_ENTRIES);

  /** How many there can be: as many as fit into the memory for those that were asked for, a power of two of pages. */
  get size(): number {
    return this.count;
  }

  /** Makes room for so many, or more; all names are gone. */
  resize(wanted: number): void {
    this.count = entriesFor(wanted);
    this.places = [];
    this.placeOfPid.clear();
    this.latest = 0;
  }

  /** trace_save_cmdline; the idle task has no place. */
  save(pid: number, comm: string): void {
    if (pid === 0) return;
    const key = pid % MOST_ENTRIES;
    let place = this.placeOfPid.get(key);
    const known = place === undefined ? undefined : this.places[place];
    if (known?.pid === pid) {
      known.comm = comm;
      return;
    }
    if (place === undefined) {
      place = (this.latest + 1) % this.count;
      this.latest = place;
      const gone = this.places[place];
      if (gone !== undefined) this.placeOfPid.delete(gone.pid % MOST_ENTRIES);
      this.placeOfPid.set(key, place);
    }
    this.places[place] = { pid, comm };
  }

  /** The name of a task (trace_find_cmdline). */
  find(pid: number): string {
    if (pid === 0) return '<idle>';
    const place = this.placeOfPid.get(pid % MOST_ENTRIES);
    const entry = place === undefined ? undefined : this.places[place];
    return entry?.pid === pid ? entry.comm : '<...>';
  }

  /** `saved_cmdlines` */
  get text(): string {
    const lines = Array.from(this.places, (entry) =>
      entry === undefined ? '' : `${entry.pid} ${entry.comm}\n`,
    );
    return lines.join('');
  }
}

function entriesFor(wanted: number): number {
  const pages = Math.ceil((HEAD_BYTES + ENTRY_BYTES * wanted) / PAGE_BYTES);
  const bytes = PAGE_BYTES * 2 ** Math.ceil(Math.log2(pages));
  return Math.floor((bytes - HEAD_BYTES) / ENTRY_BYTES);
}
