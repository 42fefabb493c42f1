import { inFunction } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { RaceGuest } from '../lab/race-guest.js';
import { offline } from './offline.js';
import { defineRace } from './race.js';

/** A task on CPU 0 gives the channel, which is on CPU 2, to CPU 1, which is taken offline. */
function model(offlineGuard: VmbusDesign['offlineGuard']): Omit<Model<RaceGuest>, 'name'> {
  return {
    setup(world): RaceGuest {
      const guest = new RaceGuest(world, { cpus: 3, design: { offlineGuard, modifyChannel: 'no-wait' } });
      const { connection, channel } = guest;
      const move = connection.mover.move(channel, guest.mask(1));
      world.task(0, 'irq_set_affinity', inFunction('vmbus_irq_set_affinity', move));
      world.task(1, 'cpuhp/1', offline(guest, 1));
      return guest;
    },
    finally: {
      'no channel is on an offline CPU': ({ host: { synics }, channel: { targetCpu, relid } }) =>
        synics[targetCpu] || `channel ${relid} is on CPU ${targetCpu}, whose synic is off`,
    },
    sometimes: {
      'the CPU goes offline': ({ host: { synics } }) => !synics[1],
      'the channel moves there, and the CPU stays': ({ channel, host: { synics } }) =>
        channel.targetCpu === 1 && synics[1],
    },
    describe: (guest) => guest.describe(),
  };
}

const message = 'channel 5 is on CPU 1, whose synic is off';

export const affinityVsOffline = defineRace({
  id: 'affinity-vs-offline',
  source: 'RFC "VMBus channel interrupts as Linux IRQs", patch 12',
  property: 'no channel ends up targeting an offline CPU',
  variants: {
    'no-guard': {
      summary: 'only the online mask, cleared when the channels have been searched',
      expected: 'found',
      message,
      model: () => model('none'),
    },
    flag: {
      summary: 'the flag synic_online, without the lock',
      expected: 'found',
      message,
      model: () => model('flag'),
    },
    'flag-and-lock': {
      summary: 'the flag, and set_affinity_lock around its use: the RFC',
      expected: 'none',
      model: () => model('flag-and-lock'),
    },
  },
});
