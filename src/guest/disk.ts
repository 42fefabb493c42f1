import type { CpuId } from '../lib/brand.js';
import { StorvscDevice } from '../drivers/storvsc/device.js';
import type { Machine } from '../machine/machine.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { cpu as cpuNumber, submitArgument } from './arguments.js';
import { checkArgument } from './check-argument.js';

/** I/Os to be submitted together. */
export interface SubmitOptions {
  /** How many; default 1. */
  readonly count?: number;
  /** CPU that submits; default 0. */
  readonly cpu?: CpuId;
  /** Of each I/O; default 4096. */
  readonly bytes?: number;
  /** Default: they read. */
  readonly write?: boolean;
  /** Which disk of the controller; default: the first one. */
  readonly lun?: number;
}

/** The disks behind a storage controller of the guest. */
export class GuestDisk {
  constructor(
    private readonly machine: Machine,
    /** The controller as the guest's kernel has it, for what is not asked for here. */
    readonly controller: StorvscDevice,
  ) {}

  /** The disks behind a controller; undefined if there is none in service. */
  static of(machine: Machine, device: VmbusDevice | undefined): GuestDisk | undefined {
    const data = device?.driverData;
    return data instanceof StorvscDevice ? new GuestDisk(machine, data) : undefined;
  }

  /** I/Os that the host has not completed yet. */
  get outstanding(): number {
    return this.controller.outstanding;
  }

  /** Numbers of the disks. */
  get luns(): readonly number[] {
    return this.controller.luns;
  }

  /** I/Os that wait in the guest until their disk takes them. */
  get queued(): number {
    return this.controller.queued;
  }

  /** I/Os that the host has completed. */
  get completed(): number {
    return this.controller.completed;
  }

  /** The channel that an I/O of this CPU would take now, by its relid. */
  channelFor(cpu: CpuId): number {
    checkArgument('cpu', cpuNumber, cpu);
    return this.controller.channelFor(this.machine.cpu(cpu).id).relid;
  }

  /**
   * Submits I/Os; they are completed as time passes.
   *
   * @throws RangeError for a size that no I/O has, and for a disk that is not there.
   */
  submit(options: SubmitOptions = {}): void {
    checkArgument('submit', submitArgument, options);
    const { count = 1, cpu = 0, bytes = 4096, write = false, lun } = options;
    const { id } = this.machine.cpu(cpu);
    for (let i = 0; i < count; i++)
      this.controller.submit({ cpu: id, bytes, isWrite: write, lun, completed: () => {} });
  }
}
