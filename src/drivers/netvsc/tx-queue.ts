import { Fifo } from '../../lib/fifo.js';
import type { Machine } from '../../machine/machine.js';
import { Tasklet } from '../../machine/tasklet.js';

/** Frames that wait in front of a stopped queue (the default txqueuelen of an Ethernet device). */
const QUEUE_LENGTH = 1000;

/** An Ethernet frame to be sent. */
export interface Frame {
  readonly hash: number;
  readonly bytes: number;
}

/**
 * A transmit queue of an interface, with the frames that wait in front of it while it is stopped (struct netdev_queue and
 * its qdisc). It outlives the channels by which its frames go.
 */
export class TxQueue {
  private isStopped = false;
  private readonly frames = new Fifo<Frame>();
  /** Sends what waits when the queue goes on (net_tx_action). */
  private readonly qdisc: Tasklet;

  /** @param xmit sends a frame (ndo_start_xmit); false: it must wait, as the queue is stopped now. */
  constructor(
    name: string,
    private readonly machine: Machine,
    private readonly xmit: (frame: Frame, queue: TxQueue) => boolean,
  ) {
    this.qdisc = new Tasklet(`qdisc of ${name}`, () => this.run(), undefined, 'NET_TX');
  }

  /** Sends a frame, or has it wait. @returns false if there was no room for it any more. */
  transmit(frame: Frame): boolean {
    if (!this.isStopped && this.frames.size === 0 && this.xmit(frame, this)) return true;
    if (this.frames.size >= QUEUE_LENGTH) return false;
    this.frames.push(frame);
    return true;
  }

  /** netif_tx_stop_queue */
  stop(): void {
    this.isStopped = true;
  }

  /** netif_tx_wake_queue */
  wake(): void {
    if (!this.isStopped) return;
    this.isStopped = false;
    this.machine.runningCpu.taskletSchedule(this.qdisc);
  }

  /** Forgets what waits (qdisc_reset). @returns how many frames that were. */
  reset(): number {
    return this.frames.clear().length;
  }

  private run(): void {
    for (let frame = this.frames.peek(); frame !== undefined && !this.isStopped; frame = this.frames.peek()) {
      if (!this.xmit(frame, this)) return;
      this.frames.shift();
    }
  }
}
