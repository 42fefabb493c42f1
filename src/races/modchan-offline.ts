import type { Ns } from '../lib/brand.js';
import { Completion, sleep } from '../machine/completion.js';
import { inFunction, type Procedure } from '../machine/step.js';
import { exploreShard } from '../explore/explore.js';
import type { Model } from '../explore/model.js';
import { CHANNELMSG, VERSION_WIN10_V5_2, VERSION_WIN10_V5_3 } from '../vmbus/protocol/channel-messages.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { WaitInSetter } from '../vmbus/variants/modify-channel.js';
import { RaceGuest } from '../lab/race-guest.js';
import { offline } from './offline.js';
import { defineRace } from './race.js';

const MS = 1_000_000;

interface Setting {
  readonly modifyChannel: VmbusDesign['modifyChannel'];
  /** How long the host takes to follow a MODIFYCHANNEL; until then it signals the old CPU. */
  readonly hostNs: Ns;
  readonly version?: number;
}

/** The channel moves from CPU 1 to CPU 0, then CPU 1 goes offline. */
function model({ modifyChannel, hostNs, version }: Setting): Omit<Model<RaceGuest>, 'name'> {
  return {
    setup(world): RaceGuest {
      const guest = new RaceGuest(world, { version, design: { modifyChannel } });
      const moved = new Completion('affinity written');
      world.task(0, 'irq_set_affinity', move(guest, moved), { time: 'virtual' });
      world.task(1, 'cpuhp/1', offlineAfter(guest, moved), { time: 'virtual' });
      world.task('host', 'host', host(guest, hostNs), { time: 'virtual' });
      return guest;
    },
    finally: {
      'no event is lost': ({ lost, called }) =>
        (lost === 0 && called === 1) || `${lost} events lost on a CPU whose synic is off`,
    },
    sometimes: {
      'the CPU goes offline': ({ host: { synics } }) => !synics[1],
      'the event arrived after the move': ({ calledOnOld }) => calledOnOld > 0,
    },
    describe: (guest) => guest.describe(),
  };
}

function* move(guest: RaceGuest, moved: Completion): Procedure<void> {
  const { connection, channel } = guest;
  // A write to /proc/irq takes no mutex, and nobody waits for it.
  if (connection.modifyChannel instanceof WaitInSetter)
    yield* inFunction('target_cpu_store', connection.modifyChannel.store(channel, 0));
  else yield* inFunction('vmbus_irq_set_affinity', connection.mover.move(channel, guest.mask(0)));
  moved.complete();
}

function* offlineAfter(guest: RaceGuest, moved: Completion): Procedure<void> {
  yield* moved.wait();
  yield* offline(guest, 1);
}

function* host(guest: RaceGuest, hostNs: Ns): Procedure<void> {
  const { connection } = guest;
  yield* guest.posted.wait();
  yield* sleep(hostNs);
  yield* guest.signal(1);
  if (connection.version < VERSION_WIN10_V5_3) return;
  // As far as the connect CPU handles it.
  const response = { type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid: guest.channel.relid, status: 0 };
  yield* inFunction('vmbus_onmodifychannel_response', guest.vmbus.messages.handleSteps(response));
}

const message = '1 events lost on a CPU whose synic is off';
const fixedSleep = { modifyChannel: 'fixed-sleep', version: VERSION_WIN10_V5_2 } as const;

/** The shortest latency of the host, in µs, with which an event is lost. */
function thresholdUs(): number {
  let kept = 0;
  let lost = 1_000_000;
  while (lost - kept > 1) {
    const us = Math.floor((kept + lost) / 2);
    const tried = { ...model({ ...fixedSleep, hostNs: us * 1000 }), name: `fixed-sleep/${us}us` };
    if (exploreShard(tried).verdict === 'none') kept = us;
    else lost = us;
  }
  return lost;
}

export const modchanOffline = defineRace({
  id: 'modchan-offline',
  source: 'RFC "VMBus channel interrupts as Linux IRQs", patches 10 and 11',
  property: 'no event is lost on a CPU whose synic is off',
  variants: {
    'no-wait': {
      summary: 'nobody waits for the host; it takes 1 ms',
      expected: 'found',
      message,
      model: () => model({ modifyChannel: 'no-wait', hostNs: MS }),
    },
    'wait-response': {
      summary:
        'the CPU that goes offline waits for MODIFYCHANNEL_RESPONSE (5.3 and later): the RFC; the host takes 3 ms',
      expected: 'none',
      model: () => model({ modifyChannel: 'wait-on-offline', hostNs: 3 * MS }),
    },
    'wait-in-setter': {
      summary: 'whoever moves the channel waits for it: before the RFC',
      expected: 'none',
      model: () => model({ modifyChannel: 'wait-in-setter', hostNs: 3 * MS }),
    },
    'fixed-sleep': {
      summary: 'the CPU that goes offline sleeps for 20 ms (before 5.3); the host takes 21 ms',
      expected: 'found',
      message,
      model: () => model({ ...fixedSleep, hostNs: 21 * MS }),
    },
    'fixed-sleep-fast-host': {
      summary: 'the same; the host takes 19 ms',
      expected: 'none',
      model: () => model({ ...fixedSleep, hostNs: 19 * MS }),
    },
  },
  findings: () => [
    `fixed-sleep: an event is lost from a host's latency of ${thresholdUs() / 1000} ms on (to 1 us, virtual time)`,
  ],
});
