import { ErrnoError } from '../lib/errno.js';
import type { Relid } from '../lib/brand.js';
import { inFunction, type Procedure } from '../machine/step.js';
import type { Model, World } from '../explore/model.js';
import type { VmbusChannel } from '../vmbus/channel/channel.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

/** A channel of one of the connections, which its driver opens. */
class Opened {
  readonly channel: VmbusChannel;
  /** What vmbus_open returned; undefined before it has. */
  result: number | undefined;
  events = 0;

  constructor(
    readonly guest: RaceGuest,
    relid: Relid,
  ) {
    this.channel = guest.newChannel(relid, 1);
  }

  /** The offer's mapping, vmbus_open, and the host's first event. */
  *open(): Procedure<void> {
    const { guest, channel } = this;
    const { connection } = guest;
    yield* inFunction('vmbus_channel_map_relid', connection.mapRelid(channel));
    this.result = yield* inFunction('vmbus_open', this.vmbusOpen());
    if (this.result === 0) yield* guest.signal(channel.targetCpu, channel.relid);
  }

  private *vmbusOpen(): Procedure<number> {
    try {
      yield* this.guest.open(this.channel, () => {
        this.events += 1;
      });
      return 0;
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      return error.errno;
    }
  }
}

/**
 * A guest has two VMBus connections, of two VMBus drivers beside each other. Each is offered a channel, opens it, and its
 * host signals it once.
 *
 * ```
 * connection 1                           connection 2
 * irq_create_mapping(relid)              irq_create_mapping(relid)
 * request_irq                            request_irq
 * event                                  event
 * ```
 * Forbidden: one of them cannot open its channel, or gets no event.
 */
class TwoConnections {
  readonly connections: readonly Opened[];

  constructor(world: World, relidMap: VmbusDesign['relidMap'], relids: readonly [Relid, Relid]) {
    const options = { withChannel: false, design: { relidMap } };
    const first = new RaceGuest(world, options);
    const second = new RaceGuest(world, { ...options, beside: first });
    this.connections = [new Opened(first, relids[0]), new Opened(second, relids[1])];
    for (const [i, opened] of this.connections.entries())
      world.task(i, `driver of connection ${i + 1}`, opened.open());
  }

  verdict(): true | string {
    for (const [i, { channel, result, events }] of this.connections.entries()) {
      const whose = `channel ${channel.relid} of connection ${i + 1}, IRQ ${channel.irq}`;
      if (result !== 0) return `${whose}: vmbus_open returned ${result}`;
      if (events !== 1) return `${whose}: ${events} of 1 events handled`;
    }
    return true;
  }
}

function model(
  relidMap: VmbusDesign['relidMap'],
  relids: readonly [Relid, Relid],
): Omit<Model<TwoConnections>, 'name'> {
  return {
    setup: (world) => new TwoConnections(world, relidMap, relids),
    finally: {
      'each connection opens its channel, and gets its events': (race) => race.verdict(),
    },
    sometimes: {
      'both have an IRQ': ({ connections }) => connections.every(({ channel }) => channel.irq !== 0),
    },
    describe: ({ connections }) => connections.flatMap(({ guest }) => guest.describe()),
  };
}

export const secondConnection = defineRace({
  id: 'second-connection',
  source:
    'RFC "VMBus channel interrupts as Linux IRQs", cover letter: open topic on several VMBus connections',
  property: 'two connections of a guest have their channels beside each other',
  variants: {
    'per-connection': {
      summary: 'an irqdomain for each connection; the host numbers channels for each connection',
      expected: 'none',
      model: () => model('irqdomain', [5, 5]),
    },
    global: {
      summary: 'one irqdomain; the host numbers channels for each connection',
      expected: 'found',
      message: 'vmbus_open returned -16',
      model: () => model('irqdomain-global', [5, 5]),
    },
    'global-relids': {
      summary: 'one irqdomain; the host numbers the channels of the whole VM',
      expected: 'none',
      model: () => model('irqdomain-global', [5, 6]),
    },
  },
});
