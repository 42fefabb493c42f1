// A race of your own over the model's VMBus: a channel moves from CPU 1 to CPU 0 while its device signals it.
//
//   target_cpu_store on CPU 0           host, which has not followed yet
//   MODIFYCHANNEL to the host           set the channel's flag on CPU 1, interrupt CPU 1
//   target_cpu of the channel = 0         vmbus_isr on CPU 1: relid → channel → callback
//   tell the relid map
//
// Forbidden: the event is dropped. Lists per CPU drop it: CPU 1 no longer has the channel. An irqdomain does not.
//
//   $ irqlab explore examples/own-race/race.ts
//   $ irqlab explore examples/own-race/race.ts percpu-list --save lost.json
//   $ irqlab replay lost.json --step
import { defineRace, inFunction, type Model, type Procedure, RaceGuest, type VmbusDesign } from 'irqlab';

/** A context is a generator that yields each access just before it makes it: so do all procedures of the model. */
function* move(guest: RaceGuest): Procedure<void> {
  const { connection, channel } = guest;
  yield* inFunction('target_cpu_store', connection.mover.move(channel, guest.mask(0)));
}

/** What the explorer is given: it builds all of it anew for each execution and decides who moves next. */
function model(relidMap: VmbusDesign['relidMap']): Omit<Model<RaceGuest>, 'name'> {
  return {
    setup(world) {
      // Connected to its host, with one channel open on CPU 1. Its interrupts are contexts, too.
      const guest = new RaceGuest(world, { design: { relidMap } });
      world.task(0, 'target_cpu_store', move(guest));
      world.task('host', 'host', guest.signal(1));
      return guest;
    },
    // Must hold when nothing can go on any more: true, or what is wrong.
    finally: {
      'no event is dropped': ({ called }) => called === 1 || `${called} of 1 events handled`,
    },
    // Must be true at the end of some execution, or the race does not show what it is meant to.
    sometimes: {
      'the channel has moved': ({ channel }) => channel.targetCpu === 0,
      'the event arrived after the move': ({ calledOnOld }) => calledOnOld > 0,
    },
    // The state in words, for irqlab replay --step.
    describe: (guest) => guest.describe(),
  };
}

export default defineRace({
  id: 'own-race',
  source: 'where the question comes from',
  property: 'no event is dropped while its channel moves',
  variants: {
    'percpu-list': {
      summary: 'a list of channels for each CPU',
      expected: 'found',
      message: '0 of 1 events handled',
      model: () => model('percpu-list'),
    },
    irqdomain: {
      summary: 'an irqdomain for all CPUs: the RFC',
      expected: 'none',
      model: () => model('irqdomain'),
    },
  },
});
