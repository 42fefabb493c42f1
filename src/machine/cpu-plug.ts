import type { CpuId } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { CpuMask } from './cpumask.js';
import type { CpuHotplug, HotplugMachine } from './hotplug.js';
import type { Procedure } from './step.js';

/** The machine whose CPUs are plugged in and out. */
export interface PlugMachine extends HotplugMachine {
  readonly possible: CpuMask;
  readonly hotplug: CpuHotplug;
}

/** What a kernel does differently from another with CPUs that are plugged in. */
export interface PlugBehaviour {
  /** What the log says before that a CPU has been hot-added. */
  readonly hotAddPrefix: '' | 'ACPI: ';
  /** The log says so when a hot-added CPU comes online for the first time. */
  readonly announcesHotplugInit: boolean;
  /** Each CPU that firmware names has its number from boot on; before that they got theirs in the order of their coming. */
  readonly numbersCpusAtBoot: boolean;
}

/**
 * CPUs that are plugged in and out while the machine runs, as firmware tells of them (drivers/acpi/acpi_processor.c
 * acpi_processor_hotadd_init, acpi_processor_remove; drivers/acpi/scan.c acpi_scan_hot_remove). A CPU that comes is
 * present and offline: bringing it online is user space's.
 */
export class CpuPlug {
  behaviour: PlugBehaviour = { hotAddPrefix: 'ACPI: ', announcesHotplugInit: false, numbersCpusAtBoot: true };
  /** Why no CPU comes or goes on this architecture; undefined: they may. */
  unsupported: string | undefined;
  /** CPUs that have come and have not been online since (acpi_processor.flags.need_hotplug_init). */
  private readonly fresh = new Set<CpuId>();
  /** CPUs that have a number, in kernels that give it when one comes, are those below this (nr_logical_cpuids). */
  private numbered: number;

  constructor(private readonly machine: PlugMachine) {
    this.numbered = machine.present.weight;
    machine.hotplug.registerStarting(({ id }) => {
      if (this.fresh.delete(id) && this.behaviour.announcesHotplugInit)
        machine.log.printk(`Will online and init hotplugged CPU: ${id}`);
    });
  }

  /**
   * A CPU is plugged in. Nothing to do for one that is there already.
   *
   * @throws RangeError where no CPU can come, and for one that would get another number.
   */
  *plug(id: CpuId): Procedure<void> {
    const { machine, behaviour } = this;
    const { present, hotplug, log } = machine;
    this.refuseUnsupported(id);
    machine.cpu(id);
    yield* hotplug.cpusWriteLock();
    try {
      if (present.has(id)) return;
      if (!behaviour.numbersCpusAtBoot && id > this.numbered)
        throw new RangeError(
          `CPU ${id} cannot come yet: this kernel numbers CPUs as they come, and the next one is ${this.numbered}`,
        );
      this.numbered = Math.max(this.numbered, id + 1);
      present.set(id);
      this.fresh.add(id);
      log.printk(`${behaviour.hotAddPrefix}CPU${id} has been hot-added`);
    } finally {
      yield* hotplug.cpusWriteUnlock();
    }
  }

  /**
   * Firmware asks for a CPU back: it is taken offline if need be, and is gone then. It is tried twice.
   *
   * @throws ErrnoError EBUSY if the CPU cannot go offline, which is what firmware is told; RangeError for a CPU that is not
   *   there, and where no CPU can go.
   */
  *unplug(id: CpuId): Procedure<void> {
    const { machine } = this;
    const { present, hotplug, log } = machine;
    this.refuseUnsupported(id);
    if (!present.has(machine.cpu(id).id)) throw new RangeError(`CPU ${id} is not plugged in`);
    const refusal = (yield* this.tryOffline(id)) && (yield* this.tryOffline(id));
    if (refusal) {
      log.printk(`processor cpu${id}: Offline failed.`);
      throw new ErrnoError('EBUSY', refusal);
    }
    yield* hotplug.cpusWriteLock();
    present.clear(id);
    this.fresh.delete(id);
    yield* hotplug.cpusWriteUnlock();
  }

  /** device_offline: CPU 0 has no `online` file, and does not go. @returns why the CPU stays; '' if it does not. */
  private *tryOffline(id: CpuId): Procedure<string> {
    if (id === 0) return 'CPU 0 is the boot CPU; it stays';
    try {
      yield* this.machine.hotplug.cpuDown(id);
      return '';
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      return error.message.replace(/^E[A-Z0-9]+: /, '');
    }
  }

  private refuseUnsupported(id: CpuId): void {
    if (this.unsupported !== undefined) throw new RangeError(`CPU ${id}: ${this.unsupported}`);
  }
}
