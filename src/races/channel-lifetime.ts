import { inFunction, type Procedure, runAtomic } from '../machine/step.js';
import type { Model, World } from '../explore/model.js';
import type { VmbusChannel } from '../vmbus/channel/channel.js';
import { CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import type { LifetimeFactory } from '../vmbus/variants/design-parts.js';
import { lifetimes } from '../vmbus/variants/index.js';
import { PlainCountLifetime } from '../vmbus/variants/plain-count.js';
import { answersAtOnce, queueRescind } from '../lab/answers.js';
import { RaceGuest } from '../lab/race-guest.js';
import { anyState, defineRace, type RaceVerdict, type VariantOptions } from './race.js';

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

/**
 * What patches 3 and 4 are about: the host takes an open sub-channel back while its driver sends over it
 * (vmbus_get_outgoing_channel, vmbus_sendpacket); afterwards the driver closes the device's channels.
 */
function sending(lifetime: Lifetime): Omit<Model<Sent>, 'name'> {
  return {
    setup(world): Sent {
      const guest = new RaceGuest(world, { design: { lifetime, relidMap: 'array' } });
      const { connection, channel } = guest;
      const sub = guest.newChannel(6, 0);
      sub.primary = channel;
      runAtomic(connection.relids.map(sub));
      runAtomic(connection.list(sub));
      runAtomic(guest.open(sub, () => {}));
      for (const open of [channel, sub]) giveRings(guest, open);
      guest.host.onPost = (message) => void answersAtOnce(guest, message);
      const state: Sent = { guest, sub, sends: 0 };
      queueRescind(guest, sub.relid);
      world.task(1, 'hv_netvsc', send(state));
      return state;
    },
    finally: { 'no leak': ({ sub }) => sub.isFreed || 'the channel was not freed' },
    sometimes: { 'a packet was sent over the sub-channel': ({ sends }) => sends > 0 },
    describe: ({ guest }) => guest.describe(),
  };
}

/** The channel has rings of its own, which its close gives back. */
function giveRings({ memory }: RaceGuest, channel: VmbusChannel): void {
  const { rings } = channel;
  if (rings === undefined) return;
  channel.stateVar.set({ kind: 'opened', rings: { ...rings, pfn: memory.allocate(2).pfn } });
}

interface Sent {
  readonly guest: RaceGuest;
  readonly sub: VmbusChannel;
  /** Packets sent over the sub-channel. */
  sends: number;
}

function* send(state: Sent): Procedure<void> {
  const { connection, operations, channel } = state.guest;
  const [outgoing] = yield* inFunction('vmbus_get_outgoing_channel', connection.subChannelsOf(channel));
  if (outgoing !== undefined) {
    yield* inFunction('vmbus_sendpacket', sendPacket(outgoing));
    state.sends += 1;
  }
  yield* inFunction('vmbus_close', operations.close(channel));
}

function* sendPacket(channel: VmbusChannel): Procedure<void> {
  yield channel.lifeWord.read;
  channel.assertLive('vmbus_sendpacket');
}

/** @param lifetime what builds the lifetime of channels. */
function model(lifetime: LifetimeFactory, other: Other): Omit<Model<RaceGuest>, 'name'> {
  return {
    setup(world): RaceGuest {
      const guest = new RaceGuest(world, { design: { relidMap: 'array' }, parts: { lifetime } });
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

type Variants = Record<string, VariantOptions<unknown> & { readonly expected: RaceVerdict }>;

function variants(): Variants {
  const all: Variants = {};
  for (const { lifetime, summary, expected } of lines) {
    for (const name of Object.keys(cases) as (keyof typeof cases)[]) {
      all[`${lifetime}-${name}`] = {
        summary: `${summary}; ${against[name]}`,
        expected: expected[name],
        ...(expected[name] === 'found' && { message: ' free' }),
        model: () => anyState(model(lifetimes[lifetime], cases[name])),
      };
    }
  }
  return { ...all, ...countVariants, ...sendingVariants };
}

function plainCount(locked: boolean): Omit<Model<unknown>, 'name'> {
  return anyState(model((channelMutex) => new PlainCountLifetime(channelMutex, locked), cases.offer));
}

const countVariants: Variants = {
  'plain-count-locked': {
    summary: 'references counted in a plain word under the channel’s lock; a failed offer frees the channel',
    expected: 'none',
    model: () => plainCount(true),
  },
  'plain-count-unlocked': {
    summary: 'the same without the lock',
    expected: 'found',
    message: 'the channel was not freed',
    model: () => plainCount(false),
  },
};

const sendingVariants: Variants = {
  'get-put-send': {
    summary: 'references, as posted, without patches 3 and 4; a driver sends over the sub-channel',
    expected: 'found',
    message: 'use after free: channel=6 user=vmbus_sendpacket',
    model: () => anyState(sending('get-put')),
  },
  'get-put-open-send': {
    summary: 'vmbus_open and vmbus_close have a reference, too; a driver sends over the sub-channel',
    expected: 'found',
    message: 'the channel was not freed',
    model: () => anyState(sending('get-put-open')),
  },
  'rescind-ref-send': {
    summary:
      'today: it stays until its driver has closed it, who then frees it under the rescind that goes on',
    expected: 'found',
    message: 'use after free: channel=6 user=vmbus_process_rescind_offer',
    model: () => anyState(sending('rescind-ref')),
  },
};

export const channelLifetime = defineRace({
  id: 'channel-lifetime',
  source: '“implement get/put usage workflow for vmbus channels”, February 2015, cases 1 to 3',
  property: 'no use after free, no double free, no leak at the end',
  variants: variants(),
});
