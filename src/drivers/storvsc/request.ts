import type { CpuId } from '../../lib/brand.js';
import type { DoneRequest } from '../../machine/block-done.js';
import type { DiskIo, StorvscDisk } from './disk.js';

/** Where a request is. `lost`: the host has never got it, and nobody ever ends it. `returned`: it ends in a softirq. */
export type RequestState = 'free' | 'sent' | 'lost' | 'returned';

/** What carries an I/O of a disk. Each tag has one, for whoever has the tag (blk_mq_tags.static_rqs). */
export class StorvscRequest implements DoneRequest {
  state: RequestState = 'free';
  /** Whether the I/O went well, as far as that is known. */
  ok = false;
  /** The hardware queue that the I/O came by, and how many there were when it was done. */
  queue = 0;
  hwQueues = 1;

  /** @param ended does what is to be done where the request ends. */
  constructor(
    readonly tag: number,
    public io: DiskIo,
    public disk: StorvscDisk,
    private readonly ended: (request: StorvscRequest) => void,
  ) {}

  get cpu(): CpuId {
    return this.io.cpu;
  }

  /** From now on it carries `io`, to the host. */
  begin(io: DiskIo, disk: StorvscDisk, queue: number): void {
    this.io = io;
    this.disk = disk;
    this.queue = queue;
    this.ok = false;
    this.state = 'sent';
  }

  end(): void {
    this.ended(this);
  }
}
