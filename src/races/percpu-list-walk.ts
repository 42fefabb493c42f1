import { Completion } from '../machine/completion.js';
import { inFunction, type Procedure } from '../machine/step.js';
import type { Model, World } from '../explore/model.js';
import {
  BhDisabledChannelList,
  type ChannelList,
  TaskletChannelList,
} from '../vmbus/variants/channel-lists.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

interface Walked {
  readonly guest: RaceGuest;
  walks: number;
}

/** A tasklet of CPU 0 looks for channel 5 while a task of that CPU takes channel 6, which is before it, off the list. */
function model(makeList: (world: World) => ChannelList): Omit<Model<Walked>, 'name'> {
  return {
    setup(world): Walked {
      const guest = new RaceGuest(world, { cpus: 1, design: { relidMap: 'array' } });
      const state: Walked = { guest, walks: 0 };
      const list = makeList(world);
      const filled = new Completion('channels on the list');
      const walk = world.tasklet(0, 'vmbus_on_event', function* onEvent() {
        yield* inFunction('pcpu_relid2channel', list.findSteps(5));
        state.walks += 1;
      });
      world.task(0, 'hv_vmbus_rescind', change(list, guest, filled));
      world.task('host', 'host', raise());
      return state;

      function* raise(): Procedure<void> {
        yield* filled.wait();
        walk.schedule();
      }
    },
    sometimes: { 'the list was walked': ({ walks }) => walks > 0 },
    describe: ({ guest }) => guest.describe(),
  };
}

function* change(list: ChannelList, guest: RaceGuest, filled: Completion): Procedure<void> {
  const other = guest.newChannel(6, 0);
  yield* inFunction('percpu_channel_enq', list.add(guest.channel));
  yield* inFunction('percpu_channel_enq', list.add(other));
  filled.complete();
  yield* inFunction('percpu_channel_deq', list.delete(other));
}

export const percpuListWalk = defineRace({
  id: 'percpu-list-walk',
  source: '“implement get/put usage workflow for vmbus channels”, February 2015, note of the review',
  property: 'the walk never follows a removed entry',
  variants: {
    'no-bh-disable': {
      summary: 'the entry is removed while tasklets may run',
      expected: 'found',
      message: 'the walk follows a removed entry',
      model: () => model(() => new TaskletChannelList('percpu_list')),
    },
    'bh-disable': {
      summary: 'tasklets of the CPU are kept away meanwhile',
      expected: 'none',
      model: () => model((world) => new BhDisabledChannelList('percpu_list', world.cpu(0))),
    },
  },
});
