import type { Hwirq, Irq } from '../lib/brand.js';
import { inFunction, type Procedure } from '../machine/step.js';
import { handleSimpleIrq } from '../irq/line/flow.js';
import { irqSetChipAndHandler } from '../irq/management/chip.js';
import { IRQ_HANDLED } from '../irq/data/irqaction.js';
import { irqDomainCreateLinear } from '../irq/mapping/create-domain.js';
import { irqCreateMappingSteps } from '../irq/mapping/irqdomain.js';
import { requestIrq } from '../irq/management/request.js';
import { NamedChip } from '../platform/arm64/gicv3.js';
import { WaitQueue } from '../machine/completion.js';
import type { Model, World } from '../explore/model.js';
import type { RelidMapFactory } from '../vmbus/variants/design-parts.js';
import { VmbusIrqChip } from '../vmbus/irq-chip.js';
import { CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
import { DisposeFirstRelidMap, IrqdomainRelidMap } from '../vmbus/variants/irqdomain-map.js';
import { instanceOf, offerOf } from '../lab/offers.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

/** The host takes channel 5 back and offers its relid again with another device; a late event of the old one comes. */
class ReusedRelid {
  /** Events of the old device that the new one's callback was called for. */
  misled = 0;
  isOpenAgain = false;
  private isReleased = false;
  private readonly released = new WaitQueue('RELID_RELEASED', () => this.isReleased);

  private isDelivered = false;
  private readonly delivered = new WaitQueue('end of the interrupt', () => this.isDelivered);
  readonly guest: RaceGuest;

  /** @param delivers the host offers the relid again only when the interrupt of the old channel is over. */
  constructor(
    world: World,
    makeRelidMap: RelidMapFactory,
    private readonly delivers: boolean,
  ) {
    const onIsrEnd = (): void => {
      this.isDelivered = true;
      this.delivered.wakeUp();
    };
    this.guest = new RaceGuest(world, { parts: { relidMap: makeRelidMap }, onIsrEnd });
    this.guest.host.onPost = ({ type }) => {
      if (type !== CHANNELMSG.RELID_RELEASED) return;
      this.isReleased = true;
      this.released.wakeUp();
    };
  }

  *host(): Procedure<void> {
    const { guest } = this;
    const { connection, vmbus, channel } = guest;
    const message = { type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: channel.relid } as const;
    yield* guest.signal(1);
    yield { ...vmbus.contexts[0].messageWord.update, label: 'rescinds channel 5' };
    const rescind = (): Procedure<void> =>
      inFunction('vmbus_onoffer_rescind', vmbus.management.onRescind(message));
    connection.rescindWorkQueue.queue(rescind, 0);
    yield* this.released.wait();
    if (this.delivers) yield* this.delivered.wait();
    yield { ...vmbus.contexts[0].messageWord.update, label: 'offers relid 5 again' };
    yield* connection.offers.arrivedSteps();
    connection.workQueue.queue(() => this.offer(), 0);
  }

  /** The offer's work, and the driver's open of the new channel. */
  private *offer(): Procedure<void> {
    const { guest } = this;
    const { connection, vmbus } = guest;
    yield* inFunction('vmbus_onoffer', vmbus.management.onOffer(offerOf(5, instanceOf(6))));
    const next = connection.relids.relid2channel(5);
    if (next === undefined) return;
    next.callbackMode = guest.channel.callbackMode;
    const misled = (): void => {
      this.misled += 1;
    };
    yield* inFunction('vmbus_open', guest.open(next, misled));
    this.isOpenAgain = true;
  }
}

/** Another driver's probe: takes a number for an interrupt of its own, the lowest that is free. */
function* otherDriver({ connection: { irq: core } }: RaceGuest): Procedure<void> {
  const map = (_domain: unknown, irq: Irq): number => {
    irqSetChipAndHandler(core, irq, new NamedChip('another chip'), handleSimpleIrq, null);
    return 0;
  };
  const domain = irqDomainCreateLinear(core, { name: 'another domain', size: 8, ops: { map } });
  // Linux looks for a free number from the hwirq's on.
  const hwirq: Hwirq = 5;
  const irq = yield* inFunction('irq_create_mapping', irqCreateMappingSteps(domain, hwirq));
  yield* inFunction(
    'request_irq',
    requestIrq(core, irq, () => IRQ_HANDLED, 0, 'another', otherDriver),
  );
}

interface Setting {
  readonly delivers?: boolean;
  readonly withOther?: boolean;
}

function model(
  makeRelidMap: RelidMapFactory,
  { delivers = true, withOther = false }: Setting = {},
): Omit<Model<ReusedRelid>, 'name'> {
  return {
    setup(world): ReusedRelid {
      const race = new ReusedRelid(world, makeRelidMap, delivers);
      world.task('host', 'host', race.host());
      if (withOther) world.task(1, 'another driver', otherDriver(race.guest));
      return race;
    },
    finally: {
      'an event never reaches the wrong device': ({ misled }) =>
        misled === 0 || 'an event of the old device reached the new one',
      'irq_dispose_mapping comes after free_irq': ({ guest: { machine } }) =>
        !machine.log.lines.some(({ text }) => text.includes('already-free')) ||
        'free_irq of an IRQ of somebody else',
    },
    sometimes: {
      'the relid is in use again': ({ isOpenAgain }) => isOpenAgain,
      'the event reached the old device': ({ guest }) => guest.called > 0,
      'the event came too late for the old device': ({ guest }) => guest.connection.relids.droppedEvents > 0,
    },
    describe: ({ guest }) => guest.describe(),
  };
}

const rfc: RelidMapFactory = ({ irq }, lifetime, mover) =>
  new IrqdomainRelidMap(irq, new VmbusIrqChip(mover), lifetime);
const disposeFirst: RelidMapFactory = ({ irq }, lifetime, mover) =>
  new DisposeFirstRelidMap(irq, new VmbusIrqChip(mover), lifetime);

export const rescindReuse = defineRace({
  id: 'rescind-reuse',
  source: 'RFC "VMBus channel interrupts as Linux IRQs", patch 8, and the protocol',
  property: 'an event never reaches the wrong device; irq_dispose_mapping only after free_irq',
  variants: {
    rfc: {
      summary: 'free_irq, then irq_dispose_mapping, then RELID_RELEASED: the RFC',
      expected: 'none',
      model: () => model(rfc),
    },
    'rfc-other-driver': {
      summary: 'the RFC, while another driver takes an interrupt number',
      expected: 'none',
      strategy: { kind: 'bounded', preemptions: 1 },
      model: () => model(rfc, { withOther: true }),
    },
    'dispose-before-free': {
      summary: 'irq_dispose_mapping comes first, while another driver takes an interrupt number',
      expected: 'found',
      message: 'free_irq of an IRQ of somebody else',
      model: () => model(disposeFirst, { withOther: true }),
    },
    'rfc-late-interrupt': {
      summary:
        'the RFC; the host offers the relid again while an interrupt for the old channel is still under way',
      expected: 'found',
      message: 'an event of the old device reached the new one',
      model: () => model(rfc, { delivers: false }),
    },
  },
});
