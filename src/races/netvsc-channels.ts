import type { Relid } from '../lib/brand.js';
import { NetvscDevice } from '../drivers/netvsc/device.js';
import type { NetvscOptions } from '../drivers/netvsc/options.js';
import type { Procedure } from '../machine/step.js';
import type { Model, World } from '../explore/model.js';
import type { VmbusChannel } from '../vmbus/channel/channel.js';
import { deviceOf } from '../vmbus/driver.js';
import { NetvscGuest } from './netvsc.js';
import { defineRace } from './race.js';

const RELID: Relid = 5;

/** An adapter whose number of channels is changed by ethtool -L. */
class ChangedAdapter {
  readonly netvsc: NetvscGuest;
  readonly channel: VmbusChannel;

  /** CPU 0 has all works of VMBus: without preemption they give way where they sleep. */
  constructor(
    world: World,
    options: NetvscOptions,
    readonly before: number,
    readonly after: number,
  ) {
    world.preemptible = false;
    this.netvsc = new NetvscGuest(world, { ...options, channels: before });
    world.task(1, 'ethtool -L', this.ethtool());
    this.channel = this.netvsc.addAdapter(RELID, 0);
  }

  private *ethtool(): Procedure<void> {
    yield* this.netvsc.setChannels(this.channel, this.after);
  }

  get adapter(): NetvscDevice | undefined {
    const data = deviceOf(this.channel)?.driverData;
    return data instanceof NetvscDevice ? data : undefined;
  }
}

function describe({ netvsc, adapter }: ChangedAdapter): readonly string[] {
  return [
    ...netvsc.guest.describe(),
    `${adapter?.channels} channels wanted, ${adapter?.openChannels} opened; RTNL ${adapter?.rtnl.isHeld ? 'held' : 'free'}`,
  ];
}

/** ethtool -L comes before or while the work of probe opens the sub-channel. */
function againstWork(subchanWork: NetvscOptions['subchanWork']): Omit<Model<ChangedAdapter>, 'name'> {
  return {
    setup: (world) => new ChangedAdapter(world, { subchanWork }, 2, 1),
    finally: {
      'the adapter has as many channels as asked for': ({ adapter, after }) =>
        (adapter?.attached === true && adapter.channels === after) || `${adapter?.channels} channels`,
    },
    sometimes: {
      'the sub-channel was opened before': ({ netvsc }) => netvsc.offeredSubChannels > 0,
      'the work was taken back': ({ netvsc }) => netvsc.offeredSubChannels === 0,
    },
    describe,
  };
}

/**
 * The host takes the adapter back while ethtool -L sets it up.
 *
 * ```
 * ethtool -L                            vmbus_onoffer_rescind
 * rtnl_lock
 * asks the host                         end the waits of VMBus
 * waits for the answer                  netvsc_remove: rtnl_lock
 * ```
 * Forbidden: both wait for ever.
 */
function againstRescind(waits: NetvscOptions['waits']): Omit<Model<ChangedAdapter>, 'name'> {
  return {
    setup(world): ChangedAdapter {
      const race = new ChangedAdapter(world, { waits }, 1, 2);
      world.task('host', 'host', race.netvsc.rescind(RELID));
      return race;
    },
    finally: {
      'the adapter is gone': ({ channel: { isFreed } }) => isFreed || 'the channel is still there',
      'RTNL is free': ({ adapter }) => adapter?.rtnl.isHeld !== true || 'RTNL is held',
    },
    sometimes: {
      'the sub-channel was offered': ({ netvsc }) => netvsc.offeredSubChannels > 0,
      'the adapter was gone before': ({ netvsc }) => netvsc.offeredSubChannels === 0,
    },
    describe,
  };
}

export const netvscChannels = defineRace({
  id: 'netvsc-channels',
  source:
    'drivers/net/hyperv/netvsc.c netvsc_subchan_work, its comment on RTNL; rndis_filter.c rndis_set_subchannel, whose waits look at no rescind (6.12, 7.2)',
  property: 'ethtool -L against the work of sub-channels, and against a rescind: nobody waits for ever',
  variants: {
    'work-waits-for-rtnl': {
      summary: 'netvsc_subchan_work waits for RTNL, which cancel_work_sync is called with',
      expected: 'found',
      message: 'netvsc_subchan_work',
      model: () => againstWork('waits-for-rtnl'),
    },
    'work-tries-for-rtnl': {
      summary: 'it tries for RTNL, and is queued again if it cannot have it: Linux',
      expected: 'none',
      strategy: { kind: 'bounded', preemptions: 2 },
      model: () => againstWork('tries-for-rtnl'),
    },
    'waits-for-ever': {
      summary:
        'the host takes the adapter back; what ethtool -L waits for does not come any more: Linux to 7.2',
      expected: 'found',
      message: 'acquire of rtnl_mutex',
      model: () => againstRescind('for-ever'),
    },
    'rescind-ends-waits': {
      summary: 'the same; a rescind ends these waits, as it ends those of VMBus',
      expected: 'none',
      strategy: { kind: 'bounded', preemptions: 1 },
      model: () => againstRescind('end-with-rescind'),
    },
  },
});
