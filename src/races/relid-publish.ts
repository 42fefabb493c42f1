import { inFunction, type Procedure } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import type { RelidMapFactory } from '../vmbus/variants/design-parts.js';
import type { VmbusChannel } from '../vmbus/channel/channel.js';
import { CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
import { ArrayRelidMap, UnorderedArrayRelidMap } from '../vmbus/variants/array-map.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

const RELID = 9;

/** CPU 0 maps a channel and sends a message; the host answers with an event on CPU 1. */
function model(makeRelidMap: RelidMapFactory): Omit<Model<RaceGuest>, 'name'> {
  return {
    setup(world): RaceGuest {
      const guest = new RaceGuest(world, { parts: { relidMap: makeRelidMap }, withChannel: false });
      const channel = guest.newChannel(RELID, 1);
      channel.storeCallback(() => {
        guest.called += 1;
      }, '__vmbus_open');
      world.task(0, 'hv_vmbus_con', offer(guest, channel));
      world.task('host', 'host', host(guest));
      return guest;
    },
    finally: {
      'the interrupt finds the mapping': ({ called }) => called === 1 || 'the event found no channel',
    },
    sometimes: {
      'the host signalled after the message': ({ sent, called }) => sent.length === 1 && called === 1,
    },
    describe: (guest) => guest.describe(),
  };
}

function* offer({ connection }: RaceGuest, channel: VmbusChannel): Procedure<void> {
  yield* inFunction('vmbus_channel_map_relid', connection.relids.map(channel));
  yield* connection.postSteps({ type: CHANNELMSG.REQUESTOFFERS });
}

function* host(guest: RaceGuest): Procedure<void> {
  yield* guest.posted.wait();
  yield* guest.signal(1, RELID);
}

export const relidPublish = defineRace({
  id: 'relid-publish',
  source: 'RFC "VMBus channel interrupts as Linux IRQs", note on the barrier of vmbus_channel_map_relid',
  property: 'an interrupt for an event that follows from the guest’s message finds the mapping',
  variants: {
    'no-barrier': {
      summary: 'the entry of the array is a plain store',
      expected: 'found',
      memory: 'tso',
      expectedOther: 'none',
      expectedArm64: 'found',
      message: 'the event found no channel',
      model: () => model((_connection, lifetime, mover) => new UnorderedArrayRelidMap(lifetime, mover)),
    },
    barrier: {
      summary: 'a full barrier follows it (virt_store_mb): Linux',
      expected: 'none',
      memory: 'tso',
      expectedOther: 'none',
      expectedArm64: 'none',
      model: () => model((_connection, lifetime, mover) => new ArrayRelidMap(lifetime, mover)),
    },
  },
});
