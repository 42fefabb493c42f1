/** Bytes of a page of guest memory, on every architecture that Hyper-V shares memory with (HV_HYP_PAGE_SIZE). */
export const HV_HYP_PAGE_SIZE = 4096;

const FIRST_PFN = 0x10_0000;

/**
 * Bytes of a block that several look at, and that lie in a row. They are 0 and take no room before somebody looks at
 * them: `reach` first, then `bytes` and `view`, which are others after that.
 */
export class MemoryPiece {
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);

  /** @param offsetBytes where in its block the piece begins. */
  constructor(
    readonly offsetBytes: number,
    readonly sizeBytes: number,
  ) {}

  /** From now on at least the first `sizeBytes` bytes can be looked at. @throws RangeError if there are not so many. */
  reach(sizeBytes: number): void {
    const { bytes } = this;
    if (sizeBytes <= bytes.length) return;
    if (!(sizeBytes <= this.sizeBytes)) {
      throw new RangeError(`byte ${sizeBytes - 1} is not within a piece of ${this.sizeBytes} bytes`);
    }
    this.bytes = new Uint8Array(Math.min(Math.max(sizeBytes, 2 * bytes.length), this.sizeBytes));
    this.bytes.set(bytes);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** Pages in a row, allocated together; the bytes are made piece by piece, when somebody looks at them. */
export class MemoryBlock {
  private readonly pieces: MemoryPiece[] = [];

  constructor(
    /** Number of the first page. */
    readonly pfn: number,
    readonly pages: number,
  ) {}

  get sizeBytes(): number {
    return this.pages * HV_HYP_PAGE_SIZE;
  }

  /**
   * The block's `sizeBytes` bytes from `offsetBytes` on, the same ones for all who look there.
   *
   * @throws RangeError outside the block, and where somebody else looks at a part of these bytes, or at more: who share
   *   a block cut it in the same places.
   */
  piece(offsetBytes: number, sizeBytes: number): MemoryPiece {
    const end = offsetBytes + sizeBytes;
    if (!(offsetBytes >= 0 && end <= this.sizeBytes)) {
      throw new RangeError(`bytes ${offsetBytes} to ${end} are not within a block of ${this.sizeBytes}`);
    }
    for (const piece of this.pieces) {
      const { offsetBytes: from, sizeBytes: length } = piece;
      if (from === offsetBytes && length === sizeBytes) return piece;
      if (offsetBytes < from + length && from < end) {
        throw new RangeError(`bytes ${offsetBytes} to ${end} overlap those from ${from} to ${from + length}`);
      }
    }
    const made = new MemoryPiece(offsetBytes, sizeBytes);
    this.pieces.push(made);
    return made;
  }
}

/** Guest memory that can be shared with the host, as far as anything was allocated. Page numbers never repeat. */
export class GuestMemory {
  private nextPfn = FIRST_PFN;
  private readonly blocks = new Map<number, MemoryBlock>();

  /** Number of blocks that are allocated. */
  get blocksInUse(): number {
    return this.blocks.size;
  }

  /** The block that starts at page `pfn`, if there is one. */
  blockAt(pfn: number): MemoryBlock | undefined {
    return this.blocks.get(pfn);
  }

  /** Allocates a block of `pages` zeroed pages. */
  allocate(pages: number): MemoryBlock {
    const block = new MemoryBlock(this.nextPfn, pages);
    this.nextPfn += pages;
    this.blocks.set(block.pfn, block);
    return block;
  }

  /** Frees the block that starts at page `pfn`. */
  free(pfn: number): void {
    if (!this.blocks.delete(pfn)) throw new RangeError(`no block of guest memory starts at page ${pfn}`);
  }

  /**
   * The block that the pages `pfns` make up, as the host maps it; undefined if they are not all pages of one
   * allocated block in order.
   */
  resolve(pfns: readonly number[]): MemoryBlock | undefined {
    const block = this.blocks.get(pfns[0]);
    if (block?.pages !== pfns.length) return undefined;
    for (let page = 0; page < pfns.length; page++) if (pfns[page] !== block.pfn + page) return undefined;
    return block;
  }
}
