import { WaitQueue } from '../../machine/completion.js';
import { SharedCounter } from '../../machine/shared-var.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import { RING_WORD, type RingReader } from '../../vmbus/ring/index.js';

/**
 * Who turns a channel's interrupts off (interrupt_mask of the inbound ring).
 *
 * - `user-space`: nobody but user space, which maps the ring or writes to /dev/uio (6.17 on).
 * - `driver-too`: the driver, too, when the device is opened and in each interrupt (before).
 */
export type UioMasking = 'user-space' | 'driver-too';

/**
 * A channel whose rings a program in user space reads and writes (drivers/uio/uio_hv_generic.c), as far as interrupts go:
 * the program waits for them by read(), and turns them off and on by write().
 *
 * ```
 * host                                  program
 *                                       takes the last packet: the ring is empty
 * packet; interrupts are off:
 *   no signal
 *                                       write(1): interrupt_mask = 0
 *                                       read(): waits
 * further packet; the ring is not
 *   empty: no signal
 * ```
 * Forbidden: the program waits while there are packets. It does if the interrupt has turned interrupts off, and the
 * program does not look once more after turning them on (races/uio-mask).
 */
export class UioHvGeneric {
  /** Interrupts so far (struct uio_device event). */
  private readonly events = new SharedCounter('uio event');
  private seen = 0;
  private readonly arrived = new WaitQueue('uio event', () => this.events.value !== this.seen, true);

  constructor(
    private readonly inbound: RingReader,
    private readonly masking: UioMasking = 'user-space',
    /** Has the host look at the channel (vmbus_setevent). */
    private readonly setEvent: () => void = () => {},
    /** Interrupts before. */
    events = 0,
  ) {
    if (events > 0) this.events.add(events);
  }

  /** Interrupts so far. */
  get eventCount(): number {
    return this.events.value;
  }

  /** The device is opened, and its channel by now (hv_uio_open, behind vmbus_connect_ring). */
  *open(): Procedure<void> {
    this.seen = this.events.value;
    if (this.masking === 'driver-too') yield* this.setMask(1);
  }

  /** The channel's callback (hv_uio_channel_cb). */
  readonly callback = (_channel: VmbusChannel): void => {
    if (this.masking === 'driver-too') this.inbound.commitInterruptMask(1);
    this.events.add(1);
    this.arrived.wakeUp();
  };

  /** write() to /dev/uio: interrupts on or off (hv_uio_irqcontrol). */
  *irqControl(on: boolean): Procedure<void> {
    yield* this.setMask(on ? 0 : 1);
    const { barrierStep } = this.inbound.header;
    if (barrierStep !== undefined) yield barrierStep;
    if (on) this.setEvent();
  }

  /** Stores into the mapped ring, or into the driver's own mapping. */
  *setMask(mask: 0 | 1): Procedure<void> {
    yield this.inbound.header.writeStep(RING_WORD.INTERRUPT_MASK);
    this.inbound.commitInterruptMask(mask);
  }

  /** read() of /dev/uio: waits for an interrupt since the last read (uio_read). */
  *read(): Procedure<void> {
    yield* this.arrived.wait();
    this.seen = this.events.value;
  }
}
