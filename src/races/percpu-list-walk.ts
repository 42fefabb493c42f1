import { Completion } from '../machine/completion.js';
import { inFunction, type Procedure } from '../machine/step.js';
import type { Model, World } from '../explore/model.js';
import {
  BhDisabledChannelList,
  BhDisabledRemovalList,
  type ChannelList,
  TaskletChannelList,
} from '../vmbus/variants/channel-lists.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

interface Walked {
  readonly guest: RaceGuest;
  walks: number;
}

/** What a task does with the list; it tells when the tasklet may begin to walk. */
type Change = (list: ChannelList, guest: RaceGuest, mayWalk: Completion) => Procedure<void>;

/** A tasklet of CPU 0 looks for channel 5 while a task of that CPU changes the list before it. */
function model(makeList: (world: World) => ChannelList, change: Change): Omit<Model<Walked>, 'name'> {
  return {
    setup(world): Walked {
      const guest = new RaceGuest(world, { cpus: 1, design: { relidMap: 'array' } });
      const state: Walked = { guest, walks: 0 };
      const list = makeList(world);
      const mayWalk = new Completion('channel 5 on the list');
      const walk = world.tasklet(0, 'vmbus_on_event', function* onEvent() {
        yield* inFunction('pcpu_relid2channel', list.findSteps(5));
        state.walks += 1;
      });
      world.task(0, 'hv_vmbus_con', change(list, guest, mayWalk));
      world.task('host', 'host', raise());
      return state;

      function* raise(): Procedure<void> {
        yield* mayWalk.wait();
        walk.schedule();
      }
    },
    sometimes: { 'the list was walked': ({ walks }) => walks > 0 },
    describe: ({ guest }) => guest.describe(),
  };
}

/** Channel 6 is taken off. */
function* removal(list: ChannelList, guest: RaceGuest, mayWalk: Completion): Procedure<void> {
  const other = guest.newChannel(6, 0);
  yield* inFunction('percpu_channel_enq', list.add(guest.channel));
  yield* inFunction('percpu_channel_enq', list.add(other));
  mayWalk.complete();
  yield* inFunction('percpu_channel_deq', list.delete(other));
}

/** Channel 6 is put on. */
function* enqueue(list: ChannelList, guest: RaceGuest, mayWalk: Completion): Procedure<void> {
  yield* inFunction('percpu_channel_enq', list.add(guest.channel));
  mayWalk.complete();
  yield* inFunction('percpu_channel_enq', list.add(guest.newChannel(6, 0)));
}

const plain = (): ChannelList => new TaskletChannelList('percpu_list');
const bhDisabled = (world: World): ChannelList => new BhDisabledChannelList('percpu_list', world.cpu(0));
const bhDisabledRemoval = (world: World): ChannelList =>
  new BhDisabledRemovalList('percpu_list', world.cpu(0));

export const percpuListWalk = defineRace({
  id: 'percpu-list-walk',
  source: '“implement get/put usage workflow for vmbus channels”, February 2015, note of the review',
  property: 'the walk never follows an entry that has been removed, or is not linked yet',
  variants: {
    'no-bh-disable': {
      summary: 'the entry is removed while tasklets may run',
      expected: 'found',
      message: 'the walk follows a removed entry',
      model: () => model(plain, removal),
    },
    'bh-disable': {
      summary: 'tasklets of the CPU are kept away meanwhile',
      expected: 'none',
      model: () => model(bhDisabled, removal),
    },
    'enqueue-no-bh-disable': {
      summary: 'tasklets are kept away while entries are removed only; one is added while they may run',
      expected: 'found',
      message: 'the walk follows an entry that is not linked yet',
      model: () => model(bhDisabledRemoval, enqueue),
    },
    'enqueue-bh-disable': {
      summary: 'tasklets are kept away while an entry is added as well',
      expected: 'none',
      model: () => model(bhDisabled, enqueue),
    },
  },
});
