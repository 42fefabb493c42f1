import { inFunction, type Procedure } from '../machine/step.js';
import type { Model, World } from '../explore/model.js';
import { CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace, type RaceVerdict, type VariantOptions } from './race.js';

type Lifetime = VmbusDesign['lifetime'];

/** Somebody who frees the channel, or uses it, while a rescind is handled on CPU 0. */
type Other = (world: World, guest: RaceGuest) => void;

/** Case 1: the offer has failed and frees the channel. */
const offer: Other = (world, guest) => {
  guest.channel.probeDone.reinit();
  world.task(1, 'hv_vmbus_con', inFunction('vmbus_process_offer', failOffer(guest)));
};

/** What the end of a failed offer does (err_deq_chan). */
function* failOffer({ connection, operations, channel }: RaceGuest): Procedure<void> {
  yield* connection.channelMutex.lock();
  yield* operations.processChannelRemoval(channel);
  yield* connection.channelMutex.unlock();
}

/** Case 2: an interrupt looks at the channel. */
const event: Other = (world, guest) => {
  world.task('host', 'host', guest.signal(1));
};

/** Case 3: the module is unloaded. */
const exit: Other = (world, guest) => {
  world.task(1, 'rmmod', inFunction('vmbus_free_channels', guest.vmbus.management.exit()));
};

const cases = { offer, event, exit } as const;

function model(lifetime: Lifetime, other: Other): Omit<Model<RaceGuest>, 'name'> {
  return {
    setup(world): RaceGuest {
      const guest = new RaceGuest(world, { design: { lifetime, relidMap: 'array' } });
      const { connection, vmbus, channel } = guest;
      const message = { type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: channel.relid } as const;
      const rescind = (): Procedure<void> =>
        inFunction('vmbus_onoffer_rescind', vmbus.management.onRescind(message));
      connection.rescindWorkQueue.queue(rescind, 0);
      other(world, guest);
      return guest;
    },
    finally: { 'no leak': ({ channel }) => channel.isFreed || 'the channel was not freed' },
    sometimes: { 'the channel was freed': ({ channel }) => channel.isFreed },
    describe: (guest) => guest.describe(),
  };
}

interface Line {
  readonly lifetime: Lifetime;
  readonly summary: string;
  readonly expected: Readonly<Record<keyof typeof cases, RaceVerdict>>;
}

const lines: readonly Line[] = [
  {
    lifetime: 'free-unconditionally',
    summary: 'whoever is done frees the channel: before the patches',
    expected: { offer: 'found', event: 'found', exit: 'found' },
  },
  {
    lifetime: 'get-put',
    summary: 'references, as posted',
    expected: { offer: 'none', event: 'none', exit: 'found' },
  },
  {
    lifetime: 'get-put-completed',
    summary: 'references; exit unregisters devices first, the rescind work has its own',
    expected: { offer: 'none', event: 'none', exit: 'none' },
  },
];

const against: Readonly<Record<keyof typeof cases, string>> = {
  offer: 'a failed offer frees the channel',
  event: 'an interrupt uses the channel',
  exit: 'the module is unloaded',
};

function variants(): Record<string, VariantOptions<RaceGuest> & { readonly expected: RaceVerdict }> {
  const all: Record<string, VariantOptions<RaceGuest> & { readonly expected: RaceVerdict }> = {};
  for (const { lifetime, summary, expected } of lines) {
    for (const name of Object.keys(cases) as (keyof typeof cases)[]) {
      all[`${lifetime}-${name}`] = {
        summary: `${summary}; ${against[name]}`,
        expected: expected[name],
        ...(expected[name] === 'found' && { message: ' free' }),
        model: () => model(lifetime, cases[name]),
      };
    }
  }
  return all;
}

export const channelLifetime = defineRace({
  id: 'channel-lifetime',
  source: '“implement get/put usage workflow for vmbus channels”, February 2015, cases 1 to 3',
  property: 'no use after free, no double free, no leak at the end',
  variants: variants(),
});
