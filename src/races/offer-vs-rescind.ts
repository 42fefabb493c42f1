import { inFunction, type Procedure } from '../machine/step.js';
import { Workqueue } from '../machine/workqueue.js';
import type { Model } from '../explore/model.js';
import { CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
import { ControlWorkqueueLifetime } from '../vmbus/variants/lifetimes.js';
import { offerOf } from '../lab/offers.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

const RELID = 5;

/**
 * A channel's offer is processed in a work of the channel's own workqueue, its rescind in the next one.
 *
 * ```
 * work of the offer                      handler of the rescind               work of the rescind
 * channel on its list
 *                                        on the list?  → queue the work
 *                                                                             off the list, free
 * device and driver
 * ```
 * Forbidden: the work of the offer goes on with a channel that the work of the rescind has freed.
 */
function model(maxActive: number): Omit<Model<RaceGuest>, 'name'> {
  return {
    setup(world): RaceGuest {
      const queueWork = (work: () => Procedure<void>): void => {
        controlwq.queue(() => inFunction('vmbus_process_rescind_offer', work()), 0);
      };
      const guest = new RaceGuest(world, {
        withChannel: false,
        channelWork: 'offer-work',
        design: { relidMap: 'array' },
        parts: { lifetime: (channelMutex) => new ControlWorkqueueLifetime(channelMutex, queueWork) },
      });
      const controlwq = new Workqueue(guest.machine, 'controlwq', { maxActive });
      const { management } = guest.vmbus;
      const offer = (): Procedure<void> =>
        inFunction('vmbus_process_offer', management.onOffer(offerOf(RELID)));
      controlwq.queue(offer, 0);
      const message = { type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: RELID } as const;
      world.task(1, 'hv_vmbus_con', inFunction('vmbus_onoffer_rescind', management.onRescind(message)));
      return guest;
    },
    sometimes: {
      'the rescind found the channel': ({ sent }) =>
        sent.some(({ type }) => type === CHANNELMSG.RELID_RELEASED),
      'the rescind came too early': ({ connection }) => connection.refused.size > 0,
    },
    describe: (guest) => guest.describe(),
  };
}

export const offerVsRescind = defineRace({
  id: 'offer-vs-rescind',
  source:
    '“implement get/put usage workflow for vmbus channels”, February 2015, note of the review on max_active',
  property: 'no use after free: the works of an offer and of its rescind run one after the other',
  variants: {
    'max-active-2': {
      summary: "a channel's workqueue runs two works beside each other",
      expected: 'found',
      message: 'use after free: channel=5',
      model: () => model(2),
    },
    'max-active-1': {
      summary: 'one after the other, as alloc_workqueue with max_active = 1 has it',
      expected: 'none',
      model: () => model(1),
    },
  },
});
