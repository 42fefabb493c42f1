import { inFunction, type Procedure } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import { CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

/**
 * CPU 0 moves the channel while its driver closes it on CPU 1.
 *
 * ```
 * irq_set_affinity on CPU 0              vmbus_close on CPU 1
 * set_affinity_lock                      channel_mutex
 * state opened?  it is
 *                                        state = open
 *                                        CLOSECHANNEL
 * MODIFYCHANNEL; target = CPU 0
 * ```
 * Forbidden: the host is asked to move a channel that is closed.
 */
function model(takesMutex: boolean): Omit<Model<RaceGuest>, 'name'> {
  return {
    setup(world): RaceGuest {
      const guest = new RaceGuest(world, { design: { relidMap: takesMutex ? 'array' : 'irqdomain' } });
      world.task(0, takesMutex ? 'target_cpu_store' : 'irq_set_affinity', move(guest, takesMutex));
      world.task(1, 'vmbus_close', inFunction('vmbus_close', guest.operations.close(guest.channel)));
      return guest;
    },
    finally: {
      'no MODIFYCHANNEL follows CLOSECHANNEL': ({ sent }) => {
        const closed = sent.findIndex(({ type }) => type === CHANNELMSG.CLOSECHANNEL);
        const moved = sent.findLastIndex(({ type }) => type === CHANNELMSG.MODIFYCHANNEL);
        return closed < 0 || moved < closed || 'MODIFYCHANNEL for a channel that is closed';
      },
    },
    sometimes: {
      'the channel moved before it was closed': ({ channel }) => channel.targetCpu === 0,
      'the channel was closed before it moved': ({ channel }) => channel.targetCpu === 1,
    },
    // The host does not answer the end of the rings' sharing, which comes after all that matters here.
    mayBlock: () => true,
    describe: (guest) => [...guest.describe(), ...guest.sent.map(({ type }) => `sent: message ${type}`)],
  };
}

function* move(guest: RaceGuest, takesMutex: boolean): Procedure<void> {
  const { connection, channel } = guest;
  const { channelMutex, mover } = connection;
  const steps = mover.move(channel, guest.mask(0));
  if (!takesMutex) {
    yield* inFunction('vmbus_irq_set_affinity', steps);
    return;
  }
  yield* inFunction('target_cpu_store', channelMutex.lock());
  yield* inFunction('target_cpu_store', steps);
  yield* inFunction('target_cpu_store', channelMutex.unlock());
}

export const moveVsClose = defineRace({
  id: 'move-vs-close',
  source:
    'drivers/hv/vmbus_drv.c target_cpu_store, its comment; RFC "VMBus channel interrupts as Linux IRQs", patch 10',
  property: 'no MODIFYCHANNEL is sent after CLOSECHANNEL',
  variants: {
    'channel-mutex': {
      summary: 'whoever moves a channel holds channel_mutex, as closing does: before the RFC',
      expected: 'none',
      model: () => model(true),
    },
    'set-affinity-lock': {
      summary:
        'whoever moves a channel holds set_affinity_lock only, which closing does not take: the RFC, as modelled',
      expected: 'found',
      message: 'MODIFYCHANNEL for a channel that is closed',
      model: () => model(false),
    },
  },
});
