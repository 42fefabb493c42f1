/**
 * Rows of words by a digest of 64 bits: the first two words are its halves, the last one is not 0 in a row that is used.
 * A hash table by open addressing.
 */
export class DigestTable {
  /** The rows, one behind the other. Another one once rows have been added. */
  cells: Int32Array;
  /** Rows that are used. */
  size = 0;
  private capacity = 1 << 12;

  /** @param words of a row. */
  constructor(private readonly words: number) {
    this.cells = new Int32Array(this.capacity * words);
  }

  /** Looks a digest up. @returns where its row begins in `cells`, which may be unused. */
  find(a: number, b: number): number {
    const { cells, capacity, words } = this;
    let at = (a ^ (b >>> 3)) & (capacity - 1);
    for (;;) {
      const place = at * words;
      if (cells[place + words - 1] === 0 || (cells[place] === a && cells[place + 1] === b)) return place;
      at = (at + 1) & (capacity - 1);
    }
  }

  /** A row that was unused has been filled: makes room where there is little left. */
  added(): void {
    this.size += 1;
    if (this.size * 4 > this.capacity * 3) this.grow();
  }

  private grow(): void {
    const { cells, words } = this;
    this.capacity *= 2;
    this.cells = new Int32Array(this.capacity * words);
    for (let from = 0; from < cells.length; from += words) {
      if (cells[from + words - 1] === 0) continue;
      const to = this.find(cells[from], cells[from + 1]);
      for (let word = 0; word < words; word++) this.cells[to + word] = cells[from + word];
    }
  }
}
