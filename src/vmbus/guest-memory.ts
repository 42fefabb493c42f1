/** Bytes of a page of guest memory, on every architecture that Hyper-V shares memory with (HV_HYP_PAGE_SIZE). */
export const HV_HYP_PAGE_SIZE = 4096;

const FIRST_PFN = 0x10_0000;

/** Guest memory that can be shared with the host, as far as anything was allocated. Page numbers never repeat. */
export class GuestMemory {
  private nextPfn = FIRST_PFN;
  private readonly blocks = new Map<number, ArrayBuffer>();

  /** Number of blocks that are allocated. */
  get blocksInUse(): number {
    return this.blocks.size;
  }

  /** Allocates `pages` pages in one block of zeros and returns the number of the first one. */
  allocate(pages: number): { readonly pfn: number; readonly buffer: ArrayBuffer } {
    const pfn = this.nextPfn;
    const buffer = new ArrayBuffer(pages * HV_HYP_PAGE_SIZE);
    this.nextPfn += pages;
    this.blocks.set(pfn, buffer);
    return { pfn, buffer };
  }

  /** Frees the block that starts at page `pfn`. */
  free(pfn: number): void {
    if (!this.blocks.delete(pfn)) throw new RangeError(`no block of guest memory starts at page ${pfn}`);
  }

  /**
   * The block that the pages `pfns` make up, as the host maps it; undefined if they are not all pages of one
   * allocated block in order.
   */
  resolve(pfns: readonly number[]): ArrayBuffer | undefined {
    const buffer = this.blocks.get(pfns[0]);
    if (buffer === undefined || buffer.byteLength !== pfns.length * HV_HYP_PAGE_SIZE) return undefined;
    return pfns.every((pfn, i) => pfn === pfns[0] + i) ? buffer : undefined;
  }
}
