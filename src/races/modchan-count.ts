import type { CpuId } from '../lib/brand.js';
import { Completion, sleep } from '../machine/completion.js';
import { inFunction, type Procedure, runAtomic } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import { ModifyChannels, PlainModifyChannels } from '../vmbus/connection/modify-channels.js';
import { CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { answersModifychannel } from '../lab/answers.js';
import { RaceGuest } from '../lab/race-guest.js';
import { offline } from './offline.js';
import { defineRace } from './race.js';

const MS = 1_000_000;
/** The channels' CPU at the beginning. */
const OLD_CPU: CpuId = 2;

/**
 * The interrupts of two channels get CPU 0 at once, then their old CPU goes offline: it waits for as many responses as
 * MODIFYCHANNELs have been counted.
 *
 * ```
 * writer of channel 5        writer of channel 6        CPU that goes offline
 * send                       send
 * read count = 0             read count = 0
 * count = 1                  count = 1
 *                                                       wait for 1 response
 * ```
 * Forbidden: the CPU goes while the host still signals it for one of the channels.
 */
function model(
  offlineGuard: VmbusDesign['offlineGuard'],
  makeModchans: () => ModifyChannels,
): Omit<Model<RaceGuest>, 'name'> {
  return {
    setup(world): RaceGuest {
      const guest = new RaceGuest(world, { cpus: 3, design: { offlineGuard }, modchans: makeModchans() });
      const { connection } = guest;
      const second = guest.newChannel(6, OLD_CPU);
      runAtomic(connection.relids.map(second));
      runAtomic(connection.list(second));
      runAtomic(guest.open(second, () => {}));
      const moved = new Completion('affinity written');
      for (const [cpu, channel] of [guest.channel, second].entries()) {
        const move = function* (): Procedure<void> {
          yield* inFunction('vmbus_irq_set_affinity', connection.mover.move(channel, guest.mask(0)));
          moved.complete();
        };
        world.task(cpu, `irq_set_affinity/${channel.relid}`, move(), { time: 'virtual' });
      }
      world.task(OLD_CPU, 'cpuhp/2', offlineAfter(guest, moved), { time: 'virtual' });
      world.task('host', 'host', slowHost(guest), { time: 'virtual' });
      return guest;
    },
    finally: {
      'no event is lost': ({ lost }) => lost === 0 || `${lost} events lost on a CPU whose synic is off`,
    },
    sometimes: {
      'the CPU goes offline': ({ host: { synics } }) => !synics[OLD_CPU],
    },
    describe: (guest) => guest.describe(),
  };
}

function* offlineAfter(guest: RaceGuest, moved: Completion): Procedure<void> {
  for (let writer = 0; writer < 2; writer++) yield* moved.wait();
  yield* offline(guest, OLD_CPU);
}

/** Takes 3 ms to follow each MODIFYCHANNEL, when it has signalled the old CPU for the last time. */
function* slowHost(guest: RaceGuest): Procedure<void> {
  for (let index = 0; index < 2; index++) {
    yield* guest.posted.wait();
    yield* sleep(3 * MS);
    const message = guest.sent[index];
    if (message.type !== CHANNELMSG.MODIFYCHANNEL) return;
    yield* guest.signal(OLD_CPU, message.childRelid);
    yield* answersModifychannel(guest, index);
  }
}

const message = '1 events lost on a CPU whose synic is off';

export const modchanCount = defineRace({
  id: 'modchan-count',
  source:
    'RFC "VMBus channel interrupts as Linux IRQs", patches 11 and 12, and the review of 11: atomic64_t?',
  property: 'two channels are given to other CPUs at once: no event is lost on a CPU whose synic is off',
  variants: {
    'plain-count': {
      summary: 'MODIFYCHANNELs are counted without atomics and without a lock: RFC patch 11 without 12',
      expected: 'found',
      message,
      model: () => model('none', () => new PlainModifyChannels()),
    },
    'atomic-count': {
      summary: 'an atomic count, as the review asked for',
      expected: 'none',
      model: () => model('none', () => new ModifyChannels()),
    },
    'count-under-lock': {
      summary: 'a plain count under set_affinity_lock: RFC patch 12',
      expected: 'none',
      model: () => model('flag-and-lock', () => new PlainModifyChannels()),
    },
  },
});
