/** Bytes of a page of guest memory, on every architecture that Hyper-V shares memory with (HV_HYP_PAGE_SIZE). */
export const HV_HYP_PAGE_SIZE = 4096;

const FIRST_PFN = 0x10_0000;

/** Pages in a row, allocated together; the bytes are made when somebody looks at them. */
export class MemoryBlock {
  private bytes: ArrayBuffer | undefined;

  constructor(
    /** Number of the first page. */
    readonly pfn: number,
    readonly pages: number,
  ) {}

  get buffer(): ArrayBuffer {
    this.bytes ??= new ArrayBuffer(this.pages * HV_HYP_PAGE_SIZE);
    return this.bytes;
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
    return pfns.every((pfn, i) => pfn === pfns[0] + i) ? block : undefined;
  }
}
