/** Below it a text is read at once, and nobody reads on. */
const SMALLEST_BYTES = 1 << 16;

/**
 * Memory for the texts of open files, which the thread at the device reads as well. What was given back is given again:
 * fresh memory costs more than what is written into it.
 */
export class SharedRoom {
  private spare: SharedArrayBuffer | undefined;

  /** Memory for a text; for a small one that nobody shares. */
  take(sizeBytes: number): Uint8Array {
    if (sizeBytes < SMALLEST_BYTES) return new Uint8Array(sizeBytes);
    const { spare } = this;
    this.spare = undefined;
    const fits = spare !== undefined && spare.byteLength >= sizeBytes;
    return new Uint8Array(fits ? spare : new SharedArrayBuffer(sizeBytes), 0, sizeBytes);
  }

  /** For what nobody reads any more. */
  giveBack({ buffer }: Uint8Array): void {
    if (buffer instanceof SharedArrayBuffer) this.spare = buffer;
  }
}
