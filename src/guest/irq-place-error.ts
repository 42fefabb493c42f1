import type { Irq } from '../lib/brand.js';

/** An interrupt cannot go to the CPU that a guest's options have it on. */
export class IrqPlaceError extends RangeError {
  constructor(
    readonly irq: Irq,
    message: string,
  ) {
    super(message);
  }
}
