import type { CpuId, Hwirq, Irq } from '../lib/brand.js';
import type { IrqCore } from '../irq/core.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import { kstatIrqs } from '../irq/data/kstat.js';
import { formatCpuList } from '../machine/cpumask-text.js';
import type { FileTree } from '../view/tree.js';

/** A Linux IRQ of the guest, as its user sees it. */
export class GuestIrq {
  constructor(
    private readonly core: IrqCore,
    private readonly fs: FileTree,
    readonly number: Irq,
  ) {}

  /** The descriptor, for what is not asked for here. @throws RangeError if the IRQ is gone. */
  get desc(): IrqDesc {
    const desc = this.core.desc(this.number);
    if (desc === undefined) throw new RangeError(`there is no IRQ ${this.number}`);
    return desc;
  }

  /** Names of the actions, joined by a comma and a blank; empty if nobody has requested the IRQ. */
  get name(): string {
    return [...this.desc.actions()].map((action) => action.name ?? '').join(', ');
  }

  /** Name of the chip; null if it has none. */
  get chip(): string | null {
    return this.desc.data.chip.name;
  }

  get hwirq(): Hwirq {
    return this.desc.data.hwirq;
  }

  /** Interrupts counted on each possible CPU. */
  get counts(): number[] {
    return [...this.desc.cold.kstat];
  }

  /** What /proc/stat says of the IRQ. */
  get total(): number {
    return kstatIrqs(this.desc);
  }

  /** CPUs that the IRQ may go to, as a list like `0-3,5`. */
  get affinity(): string {
    return this.fs.readFile(`/proc/irq/${this.number}/smp_affinity_list`).trimEnd();
  }

  /** CPUs that it does go to, as a list. */
  get effectiveAffinity(): string {
    return formatCpuList(this.desc.data.effectiveAffinity);
  }

  /**
   * Sets the affinity as a write to /proc/irq/N/smp_affinity_list does.
   *
   * @param cpus a list of the kernel's form such as `0-3,5` (not a hexadecimal mask, which is what smp_affinity
   *   takes), a CPU number, CPU numbers, or a CpuMask.
   * @throws ErrnoError as the write: ENOENT if nobody has requested the IRQ, EPERM or EIO if it may not be moved,
   *   EINVAL for a wrong list or one without a usable CPU, what the chip gives.
   */
  setAffinity(cpus: string | CpuId | Iterable<CpuId>): void {
    this.fs.writeFile(`/proc/irq/${this.number}/smp_affinity_list`, listOf(cpus));
  }
}

function listOf(cpus: string | CpuId | Iterable<CpuId>): string {
  if (typeof cpus === 'string') return cpus;
  if (typeof cpus === 'number') return String(cpus);
  if (cpus === undefined || cpus === null || !(Symbol.iterator in Object(cpus))) {
    throw new TypeError(`an affinity is a CPU list such as '0-3,5', a CPU or CPUs, not ${String(cpus)}`);
  }
  return [...cpus].join(',');
}
