import { type IrqData, type MsiMsg } from '../../../irq/data/irqdata.js';
import { noMsiMsg } from '../../../irq/msi/msi-desc.js';
import { composeMsiMsg } from '../msi-msg.js';
import { lineOf } from '../vectors.js';

/** One entry of a remapping table (struct irte): where the interrupts of one line go. */
export class RemappingEntry {
  target: MsiMsg = noMsiMsg;

  constructor(
    readonly requester: number,
    readonly index: number,
  ) {}

  /** The line's interrupts go where its vector is now. */
  write(d: IrqData): void {
    const { configuredCpu, configuredVector } = lineOf(d);
    this.target = composeMsiMsg(configuredCpu, configuredVector);
  }

  clear(): void {
    this.target = noMsiMsg;
  }
}

/** @throws Error if the level is not one of a remapping unit. */
export function entryOf({ chipData, irq }: IrqData): RemappingEntry {
  if (chipData instanceof RemappingEntry) return chipData;
  throw new Error(`IRQ ${irq} has no entry in a remapping table`);
}

/** Entries in use, by number. */
export class RemappingTable {
  private readonly entries = new Map<number, RemappingEntry>();

  constructor(
    private readonly requester: number,
    private readonly size: number,
  ) {}

  get(index: number): RemappingEntry | undefined {
    return this.entries.get(index);
  }

  /** The first of `count` free entries in a row, whose number is a multiple of `align`; -1 if there are none. */
  findFree(count: number, align = 1): number {
    for (let first = 0; first + count <= this.size; first += align) {
      let free = 0;
      while (free < count && !this.entries.has(first + free)) free += 1;
      if (free === count) return first;
    }
    return -1;
  }

  take(index: number): RemappingEntry {
    const entry = new RemappingEntry(this.requester, index);
    this.entries.set(index, entry);
    return entry;
  }

  release({ index }: RemappingEntry): void {
    this.entries.delete(index);
  }
}
