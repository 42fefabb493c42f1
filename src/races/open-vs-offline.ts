import type { CpuId, Relid } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import { Completion } from '../machine/completion.js';
import { inFunction, type Procedure, runAtomic } from '../machine/step.js';
import type { Model, World } from '../explore/model.js';
import { callbackMode, VmbusChannel } from '../vmbus/channel/channel.js';
import type { OfferCpusLock } from '../vmbus/connection/connection.js';
import type { VmbusDriver } from '../vmbus/driver.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import { CHANNELMSG, type OfferChannel } from '../vmbus/protocol/channel-messages.js';
import { SynicHotplug } from '../vmbus/synic-hotplug.js';
import { answersAtOnce, queueOffer } from '../lab/answers.js';
import { noLine } from '../lab/lean-guest.js';
import { offerOf } from '../lab/offers.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

const RING_PAGES = 2;
/** Channels of this class are spread over the CPUs. */
const perfClass = deviceClassId('nd');
/** Has had CPU 0 chosen for it. */
const FIRST_RELID: Relid = 5;
/** Gets CPU 1, which goes offline. */
const SECOND_RELID: Relid = 6;
const GOING_CPU: CpuId = 1;
/** Where whoever takes it offline runs. */
const DOWN_CPU: CpuId = 2;

function perfOffer(relid: Relid): OfferChannel {
  return { ...offerOf(relid), classId: perfClass };
}

/** A channel is offered, and opened by its driver, while the CPU goes offline that it is to interrupt. */
class OfferedChannel {
  readonly guest: RaceGuest;
  /** CPU that the host was told of when the channel was opened. */
  hostTarget: CpuId | undefined;
  private readonly opened = new Completion('OPENCHANNEL for the host');

  constructor(world: World, offerCpusLock: OfferCpusLock) {
    const guest = new RaceGuest(world, {
      cpus: 3,
      withChannel: false,
      design: { relidMap: 'array' },
      offerCpusLock,
    });
    this.guest = guest;
    const { connection, machine, vmbus, operations } = guest;
    guest.host.onPost = (message) => {
      answersAtOnce(guest, message);
      if (message.type !== CHANNELMSG.OPENCHANNEL || message.childRelid !== SECOND_RELID) return;
      this.hostTarget = message.targetVp;
      this.opened.complete();
    };
    machine.hotplug.register(new SynicHotplug(connection, vmbus.contexts, noLine));
    const driver: VmbusDriver = {
      name: 'driver',
      classIds: [perfClass],
      *probe({ channel }) {
        channel.callbackMode = callbackMode.isr;
        yield* inFunction(
          'vmbus_open',
          operations.open(channel, { callback: () => {}, ringPages: RING_PAGES }),
        );
      },
      *remove() {},
    };
    runAtomic(vmbus.bus.registerDriver(driver));
    const first = new VmbusChannel(machine, perfOffer(FIRST_RELID), () => {});
    runAtomic(connection.placement.initVpIndex(first));
  }

  *host(): Procedure<void> {
    const { guest } = this;
    const { connection, vmbus } = guest;
    yield { ...vmbus.contexts[0].messageWord.update, label: 'offers relid 6' };
    yield* connection.offers.arrivedSteps();
    queueOffer(guest, perfOffer(SECOND_RELID));
    yield* this.opened.wait();
    if (this.hostTarget !== undefined) yield* guest.signal(this.hostTarget, SECOND_RELID);
  }

  *offline(): Procedure<void> {
    try {
      yield* inFunction('cpu_down', this.guest.machine.hotplug.cpuDown(GOING_CPU));
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
    }
  }
}

function model(offerCpusLock: OfferCpusLock): Omit<Model<OfferedChannel>, 'name'> {
  return {
    setup(world): OfferedChannel {
      const race = new OfferedChannel(world, offerCpusLock);
      world.task(DOWN_CPU, 'cpu_device_down', race.offline());
      world.task('host', 'host', race.host());
      return race;
    },
    finally: {
      'no event is lost': ({ guest: { lost }, hostTarget }) =>
        lost === 0 || `the channel was opened on CPU ${hostTarget}, whose synic is off`,
    },
    sometimes: {
      'the CPU goes offline': ({ guest: { machine } }) => !machine.online.has(GOING_CPU),
      'the channel keeps it online': ({ guest: { machine }, hostTarget }) =>
        hostTarget === GOING_CPU && machine.online.has(GOING_CPU),
      'the channel goes elsewhere': ({ hostTarget }) => hostTarget === DOWN_CPU,
    },
    describe: ({ guest }) => guest.describe(),
  };
}

const message = 'the channel was opened on CPU 1, whose synic is off';

export const openVsOffline = defineRace({
  id: 'open-vs-offline',
  source:
    'd570aec0f215 "Drivers: hv: vmbus: Synchronize init_vp_index() vs. CPU hotplug" and its fix, "Resolve race between init_vp_index() and CPU hotplug" (2020)',
  property: 'no channel is opened on a CPU whose synic is off',
  variants: {
    'no-cpus-lock': {
      summary: "the channel's CPU is chosen from the online mask, without a lock: before 5.8",
      expected: 'found',
      message,
      model: () => model('none'),
    },
    'cpus-lock-for-choice': {
      summary: 'cpus_read_lock is given back before the channel is on its list: d570aec0f215 as posted',
      expected: 'found',
      message,
      model: () => model('during-choice'),
    },
    'cpus-lock-until-listed': {
      summary: 'cpus_read_lock is held until the channel is on its list: since 5.8',
      expected: 'none',
      model: () => model('until-listed'),
    },
  },
});
