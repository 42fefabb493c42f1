// A race of your own: a driver goes to sleep until its device rings, the device's interrupt wakes it. Contexts are
// generators that yield each access just before they do it; the explorer decides who moves.
//
//   driver on CPU 0                 interrupt on CPU 1
//   is there work?                  there is work
//   I am asleep                     is the driver asleep?  → wake it
//   sleep
//
// Forbidden: the driver sleeps though there is work. Run it with: import { check } from 'irqlab'; check(doorbell('careless'))
import { Completion, MemoryWord, type Model, type Procedure, READ_ONCE, smp_mb, WRITE_ONCE } from 'irqlab';

/**
 * `careless` looks for work before it says that it will sleep; `rechecks` looks again afterwards; `barrier` also keeps
 * that look from overtaking what it said, as do both sides.
 */
export type DoorbellVariant = 'careless' | 'rechecks' | 'barrier';

export class Doorbell {
  readonly work = new MemoryWord('work');
  readonly asleep = new MemoryWord('asleep');
  readonly wakeup = new Completion('wakeup');
  handled = false;
  woken = false;

  constructor(private readonly variant: DoorbellVariant) {}

  *driver(): Procedure<void> {
    const { work, asleep, wakeup, variant } = this;
    if ((yield* READ_ONCE(work)) === 0) {
      yield* WRITE_ONCE(asleep, 1);
      if (variant === 'barrier') yield* smp_mb();
      const again = yield* READ_ONCE(work);
      if (variant === 'careless' || again === 0) {
        yield* wakeup.wait();
        this.woken = true;
      }
    }
    this.handled = true;
  }

  *interrupt(): Procedure<void> {
    const { work, asleep, wakeup, variant } = this;
    yield* WRITE_ONCE(work, 1);
    if (variant === 'barrier') yield* smp_mb();
    if ((yield* READ_ONCE(asleep)) === 1) wakeup.complete();
  }
}

export function doorbell(variant: DoorbellVariant): Model<Doorbell> {
  return {
    name: `doorbell (${variant})`,
    setup(world): Doorbell {
      const bell = new Doorbell(variant);
      world.task(0, 'driver', bell.driver());
      const irq = world.interrupt(1, 'doorbell', () => bell.interrupt());
      irq.raise();
      return bell;
    },
    mayBlock: () => true,
    finally: {
      'the driver handles the work': ({ handled }) => handled || 'the driver sleeps, and there is work',
    },
    sometimes: { 'the driver slept and was woken': ({ woken }) => woken },
    describe: ({ work, asleep, handled }) => [`work=${work.value} asleep=${asleep.value} handled=${handled}`],
  };
}
