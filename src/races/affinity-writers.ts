import type { CpuId } from '../lib/brand.js';
import { Lock } from '../machine/lock.js';
import { inFunction, type Procedure } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import { CHANNELMSG } from '../vmbus/protocol/channel-messages.js';
import { MutexHeldStore, TargetCpuStore, TargetFirstStore } from '../vmbus/variants/target-cpu-store.js';
import { answersModifychannel } from '../lab/answers.js';
import { RaceGuest } from '../lab/race-guest.js';
import { defineRace } from './race.js';

/** The channel's CPU at the beginning. */
const OLD_CPU: CpuId = 2;

/** One channel, whose `cpu` file two writers write at once, one 0 and one 1. */
class WrittenChannel {
  readonly guest: RaceGuest;
  /** Where the host signals the channel: it follows the MODIFYCHANNELs in their order. */
  hostTarget = OLD_CPU;

  constructor(guest: RaceGuest) {
    this.guest = guest;
    guest.host.onPost = (message) => {
      if (message.type === CHANNELMSG.MODIFYCHANNEL) this.hostTarget = message.targetVp;
    };
  }

  *host(): Procedure<void> {
    for (let index = 0; index < 2; index++) {
      yield* this.guest.posted.wait();
      yield* answersModifychannel(this.guest, index);
    }
  }
}

interface OneChannelSetting {
  /** What a writer does. */
  readonly write: (guest: RaceGuest, cpu: CpuId) => Procedure<unknown>;
  /** Both write by the same open file, whose mutex serialises them. */
  readonly oneFile?: boolean;
  /** What is asked: whether both writers come back, where the host signals at the end, or both. */
  readonly about?: 'answers' | 'target';
}

function oneChannel({
  write,
  oneFile = false,
  about,
}: OneChannelSetting): Omit<Model<WrittenChannel>, 'name'> {
  return {
    setup(world): WrittenChannel {
      const guest = new RaceGuest(world, { cpus: 3, design: { relidMap: 'array' } });
      const race = new WrittenChannel(guest);
      const file = new Lock('of->mutex');
      for (const cpu of [0, 1]) {
        const writes = inFunction('target_cpu_store', write(guest, cpu));
        world.task(cpu, 'target_cpu_store', oneFile ? under(file, writes) : writes);
      }
      world.task('host', 'host', race.host());
      return race;
    },
    finally:
      about === 'answers'
        ? {}
        : {
            'the host signals the CPU that the guest knows of': ({ guest: { channel }, hostTarget }) =>
              channel.targetCpu === hostTarget ||
              `the host signals CPU ${hostTarget}, target_cpu is ${channel.targetCpu}`,
          },
    sometimes: {
      'the channel is on CPU 0': ({ guest: { channel } }) => channel.targetCpu === 0,
      'the channel is on CPU 1': ({ guest: { channel } }) => channel.targetCpu === 1,
    },
    mayBlock: () => about === 'target',
    describe: ({ guest, hostTarget }) => [...guest.describe(), `the host signals CPU ${hostTarget}`],
  };
}

function* under(file: Lock, writes: Procedure<unknown>): Procedure<void> {
  yield* inFunction('kernfs_fop_write_iter', file.lock());
  yield* writes;
  yield* inFunction('kernfs_fop_write_iter', file.unlock());
}

function storing(Store: typeof TargetCpuStore): OneChannelSetting['write'] {
  return ({ connection, channel }, cpu) => new Store(connection).store(channel, cpu);
}

export const affinityWriters = defineRace({
  id: 'affinity-writers',
  source:
    'drivers/hv/channel.c send_modifychannel_with_ack; the review of the patch that brought it (2020) takes writers to be serialised by the mutex of kernfs',
  property:
    "two writes of a channel's cpu file at once: both come back, and the host signals the CPU that the guest knows of",
  variants: {
    'answer-to-first': {
      summary:
        'two open files; both responses may go to the writer that is first on the list: Linux 5.13 to 7.2',
      expected: 'found',
      message: 'waits: wait of MODIFYCHANNEL_RESPONSE',
      model: () => oneChannel({ write: storing(TargetCpuStore), about: 'answers' }),
    },
    'target-after-answer': {
      summary: 'the same; target_cpu is stored after the wait, in any order',
      expected: 'found',
      message: 'the host signals CPU',
      model: () => oneChannel({ write: storing(TargetCpuStore), about: 'target' }),
    },
    'one-open-file': {
      summary: 'the same, but both write by one open file, which serialises them, as the review has it',
      expected: 'none',
      model: () => oneChannel({ write: storing(TargetCpuStore), oneFile: true }),
    },
    'mutex-held': {
      summary: 'writers wait with channel_mutex held (close-vs-affinity has what is wrong with it)',
      expected: 'none',
      model: () => oneChannel({ write: storing(MutexHeldStore) }),
    },
    'target-before-answer': {
      summary: 'target_cpu is stored with the message, and a response goes to the first writer that has none',
      expected: 'none',
      model: () => oneChannel({ write: storing(TargetFirstStore) }),
    },
    'set-affinity-lock': {
      summary: 'message, count and target_cpu under set_affinity_lock, nobody waits: the RFC',
      expected: 'none',
      model: () =>
        oneChannel({ write: (guest, cpu) => guest.connection.mover.move(guest.channel, guest.mask(cpu)) }),
    },
  },
});
