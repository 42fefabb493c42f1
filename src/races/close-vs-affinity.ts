import type { CpuId } from '../lib/brand.js';
import { Completion } from '../machine/completion.js';
import { inFunction, type Procedure, runAtomic } from '../machine/step.js';
import type { Model, World } from '../explore/model.js';
import type { VmbusChannel } from '../vmbus/channel/channel.js';
import { type ChannelMessage, CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
import { TargetCpuStore, TargetFirstStore } from '../vmbus/variants/target-cpu-store.js';
import { answersAtOnce, respondsToModifychannel } from '../lab/answers.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

const RING_PAGES = 2;
/** The channel's CPU at the beginning, and the one that is written to its `cpu` file. */
const OLD_CPU: CpuId = 1;
const NEW_CPU: CpuId = 0;

/**
 * A driver closes its channel and opens it again while the channel's `cpu` file is written.
 *
 * ```
 * target_cpu_store                       driver
 * lock; MODIFYCHANNEL to 0; unlock
 *                                        lock; CLOSECHANNEL; unlock
 * wait for the response                  OPENCHANNEL with target_cpu, which is 1
 * lock; target_cpu = 0; unlock
 * ```
 * Forbidden: the host signals CPU 1, which can go offline, for no channel is known to be there.
 */
class ReopenedChannel {
  readonly guest: RaceGuest;
  readonly channel: VmbusChannel;
  /** Where the host signals the channel; undefined while it is closed. */
  hostTarget: CpuId | undefined;
  wasReopened = false;
  /** The host owes a MODIFYCHANNEL_RESPONSE. */
  private readonly modified = new Completion('MODIFYCHANNEL for the host');

  constructor(world: World) {
    const guest = new RaceGuest(world, { withChannel: false, design: { relidMap: 'array' } });
    this.guest = guest;
    this.channel = guest.newChannel(5, OLD_CPU);
    guest.host.onPost = (message) => this.takes(message);
    runAtomic(guest.connection.relids.map(this.channel));
    runAtomic(guest.connection.list(this.channel));
    this.channel.stateVar.set({ kind: 'open' });
    runAtomic(this.open());
  }

  /** The host handles messages in their order, and answers all but MODIFYCHANNEL at once. */
  private takes(message: ChannelMessage): void {
    if (message.type === CHANNELMSG.OPENCHANNEL) this.hostTarget = message.targetVp;
    if (message.type === CHANNELMSG.CLOSECHANNEL) this.hostTarget = undefined;
    if (message.type === CHANNELMSG.MODIFYCHANNEL) {
      if (this.hostTarget !== undefined) this.hostTarget = message.targetVp;
      this.modified.complete();
    }
    answersAtOnce(this.guest, message);
  }

  *host(): Procedure<void> {
    yield* this.modified.wait();
    yield* respondsToModifychannel(this.guest, this.channel.relid);
  }

  *driver(): Procedure<void> {
    yield* inFunction('vmbus_close', this.guest.operations.close(this.channel));
    yield* inFunction('vmbus_open', this.open());
    this.wasReopened = true;
  }

  private open(): Procedure<void> {
    return this.guest.operations.open(this.channel, { callback: () => {}, ringPages: RING_PAGES });
  }
}

type Write = (guest: RaceGuest, channel: VmbusChannel) => Procedure<unknown>;

function storing(Store: typeof TargetCpuStore): Write {
  return ({ connection }, channel) =>
    inFunction('target_cpu_store', new Store(connection).store(channel, NEW_CPU));
}

function reopened(write: Write): Omit<Model<ReopenedChannel>, 'name'> {
  return {
    setup(world): ReopenedChannel {
      const race = new ReopenedChannel(world);
      world.task(0, 'writer', write(race.guest, race.channel));
      world.task(1, 'driver', race.driver());
      world.task('host', 'host', race.host());
      return race;
    },
    finally: {
      'the host signals the CPU that the guest knows of': ({ channel, hostTarget }) =>
        channel.targetCpu === hostTarget ||
        `the host signals CPU ${hostTarget}, target_cpu is ${channel.targetCpu}`,
    },
    sometimes: {
      'the channel was moved': ({ channel }) => channel.targetCpu === NEW_CPU,
      'the channel was not moved': ({ channel }) => channel.targetCpu === OLD_CPU,
    },
    // Where the channel is closed when the writer comes, the host has no MODIFYCHANNEL to answer.
    mayBlock: ({ wasReopened }) => wasReopened,
    describe: ({ guest, hostTarget }) => [...guest.describe(), `the host signals CPU ${hostTarget}`],
  };
}

export const closeVsAffinity = defineRace({
  id: 'close-vs-affinity',
  source:
    'drivers/hv/channel.c send_modifychannel_with_ack; the review of the patch that brought it (2020) asks what releasing channel_mutex means for closing',
  property:
    'a channel is closed and opened again while its cpu file is written: the host signals the CPU that the guest knows of',
  variants: {
    'mutex-released': {
      summary: 'the writer releases channel_mutex while it waits: Linux 5.13 to 7.2',
      expected: 'found',
      message: 'the host signals CPU 1, target_cpu is 0',
      model: () => reopened(storing(TargetCpuStore)),
    },
    'target-before-answer': {
      summary: 'target_cpu is stored with the message, before the wait',
      expected: 'none',
      model: () => reopened(storing(TargetFirstStore)),
    },
    'set-affinity-lock': {
      summary:
        'message and target_cpu under set_affinity_lock, which neither closing nor opening takes: the RFC, as modelled',
      expected: 'found',
      message: 'the host signals CPU 1, target_cpu is 0',
      model: () =>
        reopened((guest, channel) =>
          inFunction('vmbus_irq_set_affinity', guest.connection.mover.move(channel, guest.mask(NEW_CPU))),
        ),
    },
  },
});
