import type { Irq, Relid } from '../lib/brand.js';
import { type OfferedDevice, relidsOfOffered } from '../scenario/offered-devices.js';
import type { InterruptsRow, IrqRow } from '../view/interrupts/table.js';
import { type Captures, isChannelRow } from './guest-options.js';

const NO_DEVICES = 'the guest cannot have these VMBus devices: their interrupts are kept without a device';

/** So many interrupts have their CPUs left to the guest one by one, before all have. */
const MOST_SINGLE = 8;

/** Why a guest does not show what the captures show. */
export interface Misfit {
  /** Line of /proc/interrupts that differs first, from 1; 0 if there is no such guest. */
  readonly line: number;
  /** An interrupt that cannot go to its CPU. */
  readonly irq?: Irq;
}

/**
 * Captures of which a guest can be made whose interrupts have the numbers that they show: what is explained is kept, what
 * is not becomes an interrupt without a device.
 */
export class FittedChannels<T extends Captures> {
  private fitted: T;
  private readonly said: string[] = [];
  private readonly saidOfPlaces: string[] = [];

  constructor(private readonly whole: T) {
    this.fitted = whole;
  }

  get captures(): T {
    return this.fitted;
  }

  /** What its user should know of the changes. */
  get reasons(): readonly string[] {
    return [...this.said, ...this.saidOfPlaces];
  }

  /**
   * A guest with `devices` does not show what the captures show.
   *
   * @returns false if there is nothing left to change.
   */
  adapt({ line, irq }: Misfit, devices: readonly OfferedDevice[]): boolean {
    const { rows = [] } = this.whole.interrupts?.table ?? {};
    if (irq !== undefined) return this.unplace(irq);
    const channels = rows.filter(isOfChannel);
    const { bare = new Set<Relid>(), isNumbered = false } = this.fitted;
    if (channels.length === 0 || channels.every((row) => bare.has(relidOf(row)))) return false;
    if (!isNumbered) {
      this.fitted = { ...this.fitted, isNumbered: true };
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
      const why = row?.kind === 'irq' ? `would show IRQ ${row.irq} otherwise` : 'cannot have these channels';
      this.said.push(
        `${unfit.driver ?? 'the device'} with relid ${unfit.relid} ${why}: ${which} kept without the device`,
      );
      return true;
    }
    const { unplaced } = this.fitted;
    this.fitted = { ...this.whole, ...(unplaced && { unplaced }), bare: new Set(channels.map(relidOf)) };
    this.said.splice(0, this.said.length, NO_DEVICES);
    return true;
  }

  /** Leaves it to the guest which CPU an interrupt goes to. */
  private unplace(irq: Irq): boolean {
    const { unplaced = new Set<Irq>(), interrupts } = this.fitted;
    if (unplaced.has(irq)) return false;
    const all = (interrupts?.table.rows ?? []).flatMap((row) => (row.kind === 'irq' ? [row.irq] : []));
    const isLast = unplaced.size >= MOST_SINGLE;
    this.fitted = { ...this.fitted, unplaced: new Set(isLast ? all : [...unplaced, irq]) };
    this.saidOfPlaces.push(
      `the CPU that ${isLast ? 'each interrupt' : `IRQ ${irq}`} goes to is the guest's choice: it cannot have that of the machine`,
    );
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
