import { mightSleep } from '../machine/completion.js';
import { inFunction, type Procedure } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import { irqSetAffinitySteps } from '../irq/affinity/affinity.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

type Events = 'old' | 'new' | 'both';

interface Moved {
  readonly guest: RaceGuest;
  /** The host signalled the new CPU when the guest still took the old one for the target. */
  signalledEarly: boolean;
}

/**
 * The channel moves from CPU 1 to CPU 0. The host signals it on CPU 1 until it has got the MODIFYCHANNEL, and on CPU 0
 * from then on; the signal for CPU 1 may come when the guest has long gone on.
 */
function model(relidMap: VmbusDesign['relidMap'], events: Events): Omit<Model<Moved>, 'name'> {
  const expected = events === 'both' ? 2 : 1;
  return {
    setup(world): Moved {
      const guest = new RaceGuest(world, { design: { relidMap } });
      const state = { guest, signalledEarly: false };
      world.task(0, relidMap.startsWith('irqdomain') ? 'irq_set_affinity' : 'target_cpu_store', move(guest));
      world.task('host', 'host', host(state, events));
      return state;
    },
    finally: {
      'no event is dropped': ({ guest: { called } }) =>
        called === expected || `${called} of ${expected} events handled`,
    },
    sometimes: {
      ...(events !== 'new' && {
        'the event arrived after the move': ({ guest: { calledOnOld } }: Moved) => calledOnOld > 0,
      }),
      ...(events !== 'old' && {
        'the event was signalled before the move': ({ signalledEarly }: Moved) => signalledEarly,
      }),
      'the channel has moved': ({ guest: { channel } }) => channel.targetCpu === 0,
    },
    describe: ({ guest }) => guest.describe(),
  };
}

function* move(guest: RaceGuest): Procedure<void> {
  const { connection, channel } = guest;
  const dest = guest.mask(0);
  // Whoever writes the file has interrupts on until then.
  yield mightSleep;
  if (channel.irq === 0) yield* inFunction('target_cpu_store', connection.mover.move(channel, dest));
  else yield* inFunction('irq_set_affinity', irqSetAffinitySteps(connection.irq, channel.irq, dest));
}

function* host(state: Moved, events: Events): Procedure<void> {
  const { guest } = state;
  if (events !== 'new') yield* guest.signal(1);
  if (events === 'old') return;
  yield* guest.posted.wait();
  yield* guest.signal(0);
  if (guest.channel.target.get() === 1) state.signalledEarly = true;
}

export const relidMap = defineRace({
  id: 'relid-map',
  source: 'RFC "VMBus channel interrupts as Linux IRQs", the ways from relid to channel that it weighs',
  property: 'no event is dropped: each one signalled reaches the channel’s callback, while the channel moves',
  variants: {
    'percpu-list': {
      summary: 'a list of channels for each CPU; the event is on the old CPU after the move',
      expected: 'found',
      message: '0 of 1 events handled',
      model: () => model('percpu-list', 'old'),
    },
    'percpu-list-early': {
      summary: 'the same; the event is on the new CPU before the guest has got there',
      expected: 'found',
      message: '0 of 1 events handled',
      model: () => model('percpu-list', 'new'),
    },
    array: {
      summary: 'an array of 2,048 channels; one event on either CPU',
      expected: 'none',
      model: () => model('array', 'both'),
    },
    irqdomain: {
      summary: 'an irqdomain of 2,048 hwirqs: the RFC; the event is on the old CPU',
      expected: 'none',
      model: () => model('irqdomain', 'old'),
    },
    'irqdomain-early': {
      summary: 'the same; the event is on the new CPU',
      expected: 'none',
      model: () => model('irqdomain', 'new'),
    },
    'irqdomain-both-cpus': {
      summary:
        'the same; one event on either CPU: handle_simple_irq ignores an interrupt that is in progress elsewhere',
      expected: 'found',
      message: '1 of 2 events handled',
      model: () => model('irqdomain', 'both'),
    },
    'irqdomain-redirect': {
      summary: 'its handlers redirected to the channel’s CPU (Linux 7.0); the event is on the old CPU',
      expected: 'none',
      model: () => model('irqdomain-redirect', 'old'),
    },
    'irqdomain-redirect-both-cpus': {
      summary:
        'the same; one event on either CPU, of which one may still be handled where it came while the other is redirected',
      expected: 'found',
      message: '1 of 2 events handled',
      model: () => model('irqdomain-redirect', 'both'),
    },
  },
});
