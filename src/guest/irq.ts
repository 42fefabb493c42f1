import type { CpuId, Hwirq, Irq } from '../lib/brand.js';
import { ErrnoError, errnoCode } from '../lib/errno.js';
import type { DeviceLines, LineRequest, RaiseOptions } from '../devices/line/lines.js';
import type { LineCounts } from '../devices/line/wire.js';
import type { IrqCore } from '../irq/core.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import { kstatIrqs } from '../irq/data/kstat.js';
import {
  disableHardirq,
  disableIrq,
  disableIrqNosync,
  enableIrq,
  irqSetIrqWake,
  synchronizeHardirq,
  synchronizeIrq,
} from '../irq/management/enable.js';
import { formatCpuList } from '../machine/cpumask-text.js';
import type { Procedure } from '../machine/step.js';
import type { FileTree } from '../view/tree.js';
import { bool, nonEmpty, raiseArgument, requestArgument } from './arguments.js';
import { checkArgument } from './check-argument.js';
import { IrqPlaceError } from './irq-place-error.js';

/** What a Linux IRQ needs of its guest. */
export interface IrqGuestParts {
  readonly irqCore: IrqCore;
  readonly fs: FileTree;
  readonly devices: DeviceLines;
  /** Whose line an IRQ is if no device here is wired to it: `channel 7`; undefined: nobody's. */
  readonly ownerOf: (irq: Irq) => string | undefined;
}

/** A Linux IRQ of the guest, as its user, its driver and its device see it. */
export class GuestIrq {
  constructor(
    private readonly guest: IrqGuestParts,
    readonly number: Irq,
  ) {}

  /** The descriptor, for what is not asked for here. @throws RangeError if the IRQ is gone. */
  get desc(): IrqDesc {
    const desc = this.guest.irqCore.desc(this.number);
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

  /** What became of the interrupts that the line's devices asked for. @throws RangeError for a line of VMBus or KVM. */
  get line(): LineCounts {
    return this.guest.devices.wire(this.deviceLine('its host counts what it signals')).counts;
  }

  /** CPUs that the IRQ may go to, as a list like `0-3,5`. */
  get affinity(): string {
    return this.guest.fs.readFile(`/proc/irq/${this.number}/smp_affinity_list`).trimEnd();
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
    this.guest.fs.writeFile(`/proc/irq/${this.number}/smp_affinity_list`, listOf(cpus));
  }

  /**
   * Has it go to a CPU of its affinity, which stays as it is: as if somebody had moved it there, and then allowed it to
   * go elsewhere again, where no kernel moves it without need. A CPU outside its affinity is one that it is about to leave,
   * with the next interrupt.
   *
   * @param affinity in the kernel's form; default: what it has. What was offline when it was requested is not in that.
   * @throws IrqPlaceError if it does not stay there.
   */
  settleOn(cpu: CpuId, affinity = this.affinity): void {
    const isThere = (): boolean => this.effectiveAffinity === String(cpu);
    if (isThere() && this.affinity === affinity) return;
    try {
      if (!isThere()) this.setAffinity(cpu);
      // Some chips move with the next interrupt only.
      if (!isThere()) this.assert({});
      this.setAffinity(affinity);
    } catch (error) {
      if (error instanceof ErrnoError)
        throw new IrqPlaceError(this.number, `IRQ ${this.number} cannot go to CPU ${cpu}: ${error.message}`);
      throw error;
    }
    if (!isThere())
      throw new IrqPlaceError(
        this.number,
        `IRQ ${this.number} goes to CPU ${this.effectiveAffinity}, not to CPU ${cpu}, of ${affinity}`,
      );
  }

  /**
   * A device asserts the interrupt: it goes through the controller to the CPU that the affinity has chosen, is held back
   * or lost where the line is masked, and waits where the CPU takes no interrupts.
   *
   * @param options which device of a shared line; of a per-CPU line, which CPU.
   * @throws RangeError for a device that is not there, a CPU where none may or must be named, a line of VMBus or
   *   KVM.
   */
  raise(options: RaiseOptions = {}): void {
    checkArgument('raise', raiseArgument, options);
    this.assert(options);
  }

  /** The same for options that have been checked. */
  assert(options: RaiseOptions): void {
    const { devices, irqCore } = this.guest;
    devices.raise(this.deviceLine('have its host signal it'), options);
    irqCore.machine.settle();
  }

  /**
   * Requests the IRQ for a device's driver (request_threaded_irq).
   *
   * @throws ErrnoError as the kernel: EBUSY if the others do not share it, EINVAL for flags that cannot be or an IRQ
   *   that cannot be requested, ENOSYS without a controller, ENOSPC without a vector; RangeError for a flag that there
   *   is not, or a line of VMBus.
   */
  request(request: LineRequest): void {
    checkArgument('request', requestArgument, request);
    const desc = this.deviceLine('only its driver requests it');
    this.run('request_irq', this.requesting(desc, request));
  }

  private *requesting(desc: IrqDesc, request: LineRequest): Procedure<void> {
    const ret = yield* this.guest.devices.request(desc, request);
    if (ret === 0) return;
    throw new ErrnoError(errnoCode(ret), refusal(this.number, this.name, request, errnoCode(ret)));
  }

  /**
   * A driver quiets its device and gives the IRQ back (free_irq).
   *
   * @param name of its action; default: the first one.
   * @returns the name; null if there is no such action, which the kernel warns of in its log.
   */
  free(name?: string): string | null {
    if (name !== undefined) checkArgument('name', nonEmpty, name);
    const desc = this.deviceLine('only its driver frees it');
    return this.run('free_irq', this.guest.devices.free(desc, name));
  }

  /** `free`, for who cannot go on without it. @throws RangeError if there is no such action. */
  release(name?: string): void {
    if (name !== undefined) checkArgument('name', nonEmpty, name);
    this.run('free_irq', this.releasing(this.deviceLine('only its driver frees it'), name));
  }

  private *releasing(desc: IrqDesc, name: string | undefined): Procedure<void> {
    if ((yield* this.guest.devices.free(desc, name)) !== null) return;
    throw new RangeError(`nobody has requested ${name === undefined ? '' : `${name} of `}IRQ ${this.number}`);
  }

  /** Undoes one disable (enable_irq); one too many is warned of in the kernel's log. */
  enable(): void {
    const { irqCore } = this.guest;
    irqCore.machine.asUser(() => enableIrq(irqCore, this.desc.irq));
    irqCore.machine.settle();
  }

  /** Disables the IRQ and waits for its handlers and threads; calls nest (disable_irq). */
  disable(): void {
    this.run('disable_irq', disableIrq(this.guest.irqCore, this.desc.irq));
  }

  /** As disable, without waiting (disable_irq_nosync). */
  disableNosync(): void {
    disableIrqNosync(this.guest.irqCore, this.desc.irq);
  }

  /** As disable, waiting for hard handlers only (disable_hardirq). @returns true if no thread of the IRQ is active. */
  disableHardirq(): boolean {
    return this.run('disable_hardirq', disableHardirq(this.guest.irqCore, this.desc.irq));
  }

  /** Waits until no handler and no thread of the IRQ runs (synchronize_irq). */
  synchronize(): void {
    this.run('synchronize_irq', synchronizeIrq(this.guest.irqCore, this.desc.irq));
  }

  /** Waits for hard handlers only (synchronize_hardirq). @returns true if no thread of the IRQ is active. */
  synchronizeHardirq(): boolean {
    return this.run('synchronize_hardirq', synchronizeHardirq(this.guest.irqCore, this.desc.irq));
  }

  /** Lets the IRQ wake the machine, or not any more; calls nest (irq_set_irq_wake). @throws ErrnoError ENXIO if its chip cannot. */
  setWake(on: boolean): void {
    checkArgument('on', bool, on);
    const ret = irqSetIrqWake(this.guest.irqCore, this.desc.irq, on);
    if (ret === 0) return;
    throw new ErrnoError(
      errnoCode(ret),
      `the chip ${this.chip ?? '-'} of IRQ ${this.number} cannot wake the machine`,
    );
  }

  /**
   * The descriptor of a line that devices outside VMBus and KVM have.
   *
   * @param instead what goes for a line that belongs to VMBus or KVM.
   * @throws RangeError for such a line, and if the IRQ is gone.
   */
  deviceLine(instead: string): IrqDesc {
    const { desc } = this;
    const { devices, ownerOf } = this.guest;
    const owner = devices.isWired(desc) ? undefined : ownerOf(this.number);
    if (owner === undefined) return desc;
    throw new RangeError(`IRQ ${this.number} is that of ${owner}: ${instead}`);
  }

  private run<T>(what: string, proc: Procedure<T>): T {
    return this.guest.irqCore.machine.call(`${what} of IRQ ${this.number}`, proc);
  }
}

function refusal(irq: Irq, owners: string, { name, flags = [] }: LineRequest, code: string): string {
  const asked = `IRQ ${irq} for ${name}${flags.length > 0 ? ` with ${flags.join(' ')}` : ''}`;
  switch (code) {
    case 'EBUSY':
      return `${asked}: it is taken by ${owners}; all must ask for IRQF_SHARED, the same trigger, and IRQF_ONESHOT or not`;
    case 'ENOSYS':
      return `${asked}: it has no interrupt controller`;
    case 'ENOSPC':
      return `${asked}: no CPU has a vector left for it`;
    default:
      return `${asked}: these flags do not go together, or the IRQ is not to be requested`;
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
