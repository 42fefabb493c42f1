import type { Relid } from '../lib/brand.js';
import type { Model, World } from '../explore/model.js';
import type { ChannelWork } from '../vmbus/connection/connection.js';
import { NetvscGuest } from './netvsc.js';
import { defineRace } from './race.js';

const FIRST: Relid = 5;
const SECOND: Relid = 6;

/** A second adapter is offered while the work of the first one's sub-channels waits for their offers. */
class TwoAdapters {
  readonly netvsc: NetvscGuest;

  constructor(world: World, channelWork: ChannelWork) {
    world.preemptible = false;
    this.netvsc = new NetvscGuest(world, { channelWork, channels: 2 });
    world.task('host', 'host', this.netvsc.offerAdapter(SECOND));
    this.netvsc.addAdapter(FIRST, 0);
  }

  /** Channels that are open, of both adapters. */
  get openChannels(): number {
    let open = 0;
    for (const { state } of this.netvsc.guest.connection.channels()) if (state.kind === 'opened') open += 1;
    return open;
  }
}

function model(channelWork: ChannelWork): Omit<Model<TwoAdapters>, 'name'> {
  return {
    setup: (world) => new TwoAdapters(world, channelWork),
    finally: {
      'all channels of both adapters are open': ({ openChannels }) =>
        openChannels === 4 || `${openChannels} of 4 channels are open`,
    },
    sometimes: {
      'the first adapter has the first sub-channel': ({ netvsc }) =>
        netvsc.subChannelsOf(FIRST)[0] === netvsc.firstSub,
      'the second adapter has it': ({ netvsc }) => netvsc.subChannelsOf(SECOND)[0] === netvsc.firstSub,
    },
    describe: ({ netvsc }) => netvsc.guest.describe(),
  };
}

export const netvscProbe = defineRace({
  id: 'netvsc-probe',
  source:
    'drivers/hv/channel_mgmt.c vmbus_process_offer, its comment on the two workqueues; drivers that probe within the offer',
  property:
    'an adapter that is probed while another one waits for its sub-channels, with RTNL: nobody waits for ever',
  variants: {
    'offer-work': {
      summary: 'the work of an offer probes, and opens sub-channels; one work at a time: earlier kernels',
      expected: 'found',
      message: 'acquire of rtnl_mutex',
      model: () => model('offer-work'),
    },
    'own-queues': {
      summary: 'primary channels and sub-channels have a workqueue each: Linux',
      expected: 'none',
      strategy: { kind: 'bounded', preemptions: 1 },
      model: () => model('own-queues'),
    },
  },
});
