import type { Irq, Relid } from '../lib/brand.js';
import { type OfferedDevice, relidsOfOffered } from '../scenario/offered-devices.js';
import type { InterruptsRow, IrqRow } from '../view/interrupts/table.js';
import { type Captures, isChannelRow } from './guest-options.js';

const NO_DEVICES = 'the guest cannot have these VMBus devices: their interrupts are kept without a device';

/**
 * Captures of which a guest can be made whose interrupts have the numbers that they show: what is explained is kept, what
 * is not becomes an interrupt without a device.
 */
export class FittedChannels<T extends Captures> {
  private fitted: T;
  private readonly said: string[] = [];

  constructor(private whole: T) {
    this.fitted = whole;
  }

  get captures(): T {
    return this.fitted;
  }

  /** What its user should know of the changes. */
  get reasons(): readonly string[] {
    return this.said;
  }

  /**
   * A guest with `devices` does not show what the captures show.
   *
   * @param line of /proc/interrupts that differs first, from 1; 0 if there is no such guest.
   * @returns false if there is nothing left to change.
   */
  adapt(line: number, devices: readonly OfferedDevice[]): boolean {
    const { rows = [] } = this.whole.interrupts?.table ?? {};
    if (line === 0 && this.whole.procIrq !== undefined && this.fitted.unplaced !== true) {
      this.whole = { ...this.whole, unplaced: true };
      this.fitted = { ...this.fitted, unplaced: true };
      this.said.push(
        "the CPUs that plain interrupts go to are the guest's choice: it cannot have those of the machine",
      );
      return true;
    }
    const channels = rows.filter(isOfChannel);
    const { bare = new Set<Relid>(), goneIrqs } = this.fitted;
    if (channels.length === 0 || channels.every((row) => bare.has(relidOf(row)))) return false;
    const gaps = gapsBetween(rows, channels);
    if (goneIrqs === undefined && gaps.length > 0) {
      this.fitted = { ...this.fitted, goneIrqs: gaps };
      this.said.push(
        `nothing shown has IRQ ${gaps.join(', ')}: what had it while VMBus devices got theirs has gone (goneIrqs)`,
      );
      return true;
    }
    const shown = new Set(channels.map(relidOf));
    const silent = devices.filter((one) => !relidsOfOffered(one).some((relid) => shown.has(relid)));
    if (silent.length > 0) {
      this.fitted = { ...this.fitted, bare: new Set([...bare, ...silent.flatMap(relidsOfOffered)]) };
      const which = silent
        .map(({ driver, relid }) => `${driver ?? 'a device'} with relid ${relid}`)
        .join(', ');
      this.said.push(`no interrupt of a listed device is shown, so it is left out: ${which}`);
      return true;
    }
    const row = line < 2 ? undefined : rows.at(line - 2);
    const unfit =
      row === undefined
        ? mostGuessed(devices)
        : devices.find((one) => isOfChannel(row) && relidsOfOffered(one).includes(relidOf(row)));
    if (unfit !== undefined) {
      const relids = relidsOfOffered(unfit);
      this.fitted = { ...this.fitted, bare: new Set([...bare, ...relids]) };
      const which = relids.length === 1 ? 'its interrupt is' : 'its interrupts are';
      const why = row?.kind === 'irq' ? `would not have IRQ ${row.irq}` : 'cannot have these channels';
      this.said.push(
        `${unfit.driver ?? 'the device'} with relid ${unfit.relid} ${why}: ${which} kept without the device`,
      );
      return true;
    }
    this.fitted = { ...this.whole, bare: new Set(channels.map(relidOf)) };
    this.said.splice(0, this.said.length, NO_DEVICES);
    return true;
  }
}

function isOfChannel(row: InterruptsRow): row is IrqRow {
  return row.kind === 'irq' && isChannelRow(row);
}

function relidOf({ hwirq }: IrqRow): Relid {
  return (hwirq ?? 0) as number;
}

/** The device of which most is a guess: which sub-channels it has. */
function mostGuessed(devices: readonly OfferedDevice[]): OfferedDevice | undefined {
  const [most] = devices.toSorted((a, b) => relidsOfOffered(b).length - relidsOfOffered(a).length);
  return most !== undefined && relidsOfOffered(most).length > 1 ? most : undefined;
}

/** Numbers between those of channels that nothing has. */
function gapsBetween(rows: readonly InterruptsRow[], channels: readonly IrqRow[]): Irq[] {
  const shown = new Set(rows.flatMap((row) => (row.kind === 'irq' ? [row.irq] : [])));
  const gaps: Irq[] = [];
  const last = channels[channels.length - 1].irq;
  for (let irq = channels[0].irq; irq < last && gaps.length < MOST_GAPS; irq++)
    if (!shown.has(irq)) gaps.push(irq);
  return gaps;
}

/** Numbers further apart are no gap that devices have left. */
const MOST_GAPS = 1000;
