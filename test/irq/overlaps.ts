import { IRQ_HANDLED } from '../../src/irq/index.js';
import { MemoryWord } from '../../src/machine/memory.js';
import type { Procedure } from '../../src/machine/step.js';

/** What a handler sees of its own calls. */
export interface Overlaps {
  inside: number;
  calls: number;
  /** It was called while it was at work. */
  overlaps: boolean;
}

/** A handler that writes to its device, and notes in `seen` whether it was called once more meanwhile. */
export function noticingOverlaps(seen: Overlaps): (() => number) & { steps(): Procedure<number> } {
  const device = new MemoryWord('device');
  return Object.assign(() => IRQ_HANDLED, {
    *steps() {
      seen.inside += 1;
      seen.overlaps ||= seen.inside > 1;
      yield device.write;
      seen.inside -= 1;
      seen.calls += 1;
      return IRQ_HANDLED;
    },
  });
}
