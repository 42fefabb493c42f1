import { inFunction, type Procedure } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import { CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
import { MutexHeldStore, TargetCpuStore } from '../vmbus/variants/target-cpu-store.js';
import { queueRescind } from '../lab/answers.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

/**
 * The host takes the channel back instead of answering MODIFYCHANNEL.
 *
 * ```
 * target_cpu_store                       vmbus_onoffer_rescind
 * lock; MODIFYCHANNEL                    lock; find the channel; unlock
 * wait for the response                  end the channel's waits
 * ```
 * Forbidden: both wait for ever, as they do if the lock is held during the wait.
 */
function model(Store: typeof TargetCpuStore): Omit<Model<RaceGuest>, 'name'> {
  return {
    setup(world): RaceGuest {
      const guest = new RaceGuest(world, { design: { relidMap: 'array' } });
      const stores = new Store(guest.connection).store(guest.channel, 0);
      world.task(0, 'writer', inFunction('target_cpu_store', stores));
      world.task('host', 'host', takesBack(guest));
      return guest;
    },
    finally: {
      'the channel is gone': ({ channel: { isFreed } }) => isFreed || 'the channel is still there',
    },
    sometimes: {
      'the rescind ended the wait': ({ channel, sent }) =>
        channel.isFreed && sent.some(({ type }) => type === CHANNELMSG.MODIFYCHANNEL),
    },
    describe: (guest) => guest.describe(),
  };
}

function* takesBack(guest: RaceGuest): Procedure<void> {
  const { vmbus, channel } = guest;
  yield* guest.posted.wait();
  yield { ...vmbus.contexts[0].messageWord.update, label: 'rescinds channel 5' };
  queueRescind(guest, channel.relid);
}

export const rescindVsAffinity = defineRace({
  id: 'rescind-vs-affinity',
  source: 'drivers/hv/channel.c send_modifychannel_with_ack, its comment on channel_mutex',
  property: 'a channel is taken back while its cpu file is written: writer and rescind come to an end',
  variants: {
    'mutex-held': {
      summary: 'the writer waits with channel_mutex held',
      expected: 'found',
      message: 'acquire of channel_mutex',
      model: () => model(MutexHeldStore),
    },
    'mutex-released': {
      summary: 'the writer releases channel_mutex while it waits: Linux 5.13 to 7.2',
      expected: 'none',
      model: () => model(TargetCpuStore),
    },
  },
});
