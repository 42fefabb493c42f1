import { Fifo } from '../../lib/fifo.js';
import type { ClockEvent } from '../../machine/clock.js';
import type { CpuId, Ns } from '../../lib/brand.js';
import type { Machine } from '../../machine/machine.js';

/** How long at most a disk without I/Os keeps its part of a shared queue (BLK_MAX_TIMEOUT). */
const TAG_IDLE_NS: Ns = 5_000_000_000;
/** Tags that each disk may have at least (hctx_may_queue). */
const LEAST_SHARE = 4;

/** A read or write of a disk. */
export interface DiskIo {
  /** CPU that submits it. */
  readonly cpu: CpuId;
  readonly bytes: number;
  readonly isWrite: boolean;
  /** Which disk; default: the first one. */
  readonly lun?: number;
  /** Called where the completion is handled, most often in a tasklet. `ok` is false if the disk is gone. */
  completed(ok: boolean): void;
}

/** A disk behind a controller: a logical unit, with its own queue of what the SCSI layer takes at once (struct scsi_device). */
export class StorvscDisk {
  /** I/Os that the block layer holds back. */
  readonly waiting = new Fifo<DiskIo>();
  /** I/Os that have not ended yet, by the hardware queue that they came by, and all. */
  readonly busyOn: number[] = [];
  busy = 0;

  constructor(readonly lun: number) {}

  begin(queue: number): void {
    this.busyOn[queue] = (this.busyOn[queue] ?? 0) + 1;
    this.busy += 1;
  }

  end(queue: number): void {
    this.busyOn[queue] -= 1;
    this.busy -= 1;
  }
}

/**
 * The hardware queues of a controller, which its disks share: while several use one, each may have so many of its tags
 * (block/blk-mq.h hctx_may_queue, block/blk-mq-tag.c __blk_mq_tag_busy, __blk_mq_tag_idle). A disk alone has them all.
 */
export class SharedTags {
  /** How many there are (nr_hw_queues). */
  queues = 1;
  /** By queue, the disks that use it. */
  private readonly users: (Set<StorvscDisk> | undefined)[] = [];
  private readonly timers = new Map<StorvscDisk, ClockEvent>();

  /** @param depth tags of each queue (can_queue). */
  constructor(
    private readonly machine: Machine,
    private readonly depth: number,
    private readonly isShared: boolean,
  ) {}

  /** The queue that I/Os of a CPU take. */
  queueOf(cpu: CpuId): number {
    return cpu % this.queues;
  }

  /** True if the disk may have one more tag of the queue, which it uses from now on. */
  mayQueue(disk: StorvscDisk, queue: number): boolean {
    if (!this.isShared) return true;
    const users = this.users[queue] ?? new Set();
    this.users[queue] = users.add(disk);
    this.arm(disk);
    const share = Math.max(Math.ceil(this.depth / users.size), LEAST_SHARE);
    return (disk.busyOn[queue] ?? 0) < share && this.busyOn(queue) < this.depth;
  }

  /** Tags of the queue that are taken. */
  private busyOn(queue: number): number {
    let busy = 0;
    for (const user of this.users[queue] ?? []) busy += user.busyOn[queue] ?? 0;
    return busy;
  }

  /** blk_mq_timeout_work: a disk without an I/O gives its part back. */
  private arm(disk: StorvscDisk): void {
    if (this.timers.has(disk)) return;
    const timer: ClockEvent = {
      fire: () => {
        this.timers.delete(disk);
        if (this.machine.halted) return;
        if (disk.busy > 0) this.arm(disk);
        else for (const users of this.users) users?.delete(disk);
      },
    };
    this.timers.set(disk, timer);
    this.machine.clock.after(TAG_IDLE_NS, timer);
  }
}
