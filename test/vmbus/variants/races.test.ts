import { describe, expect, test } from '@jest/globals';
import { check } from '../../../src/explore/explore.js';
import type { MemoryModel, Model, World } from '../../../src/explore/model.js';
import { ErrnoError } from '../../../src/lib/errno.js';
import { Completion, sleep } from '../../../src/machine/completion.js';
import type { Procedure } from '../../../src/machine/step.js';
import { GSI_TOP } from '../../../src/platform/x86/platform.js';
import { noLine } from '../../../src/lab/lean-guest.js';
import { RaceGuest } from '../../../src/lab/race-guest.js';
import { VmbusIrqChip } from '../../../src/vmbus/irq-chip.js';
import { CHANNELMSG, VERSION_WIN10_V5_2 } from '../../../src/vmbus/protocol/channel-messages.js';
import { SynicHotplug } from '../../../src/vmbus/synic-hotplug.js';
import { UnorderedArrayRelidMap, ArrayRelidMap } from '../../../src/vmbus/variants/array-map.js';
import {
  BhDisabledChannelList,
  type ChannelList,
  TaskletChannelList,
} from '../../../src/vmbus/variants/channel-lists.js';
import type { VmbusDesign } from '../../../src/vmbus/variants/design.js';
import { DisposeFirstRelidMap, IrqdomainRelidMap } from '../../../src/vmbus/variants/irqdomain-map.js';
import { openOrders } from '../../../src/vmbus/variants/index.js';
import { WaitInSetter } from '../../../src/vmbus/variants/modify-channel.js';

const MS = 1_000_000;

function verdict<S>(model: Model<S>, memory: MemoryModel = 'sc'): string {
  const report = check(model, { memory, minimiseExecutions: 0 });
  expect(report.verdict === 'none' ? report.limits : []).toEqual([]);
  for (const { name, reached } of report.verdict === 'none' ? report.witnesses : []) {
    expect({ name, reached }).toEqual({ name, reached: true });
  }
  return report.verdict === 'none' ? 'none' : `found: ${report.violations[0].message}`;
}

/** Errors of a broken model, not of a race, must not pass for a race that was found. */
const foundProperty = (name: string) => expect.stringContaining(name);

describe('an event while its channel moves', () => {
  /** The host interrupts the old CPU until it follows, and the new one afterwards. */
  function model(relidMap: VmbusDesign['relidMap'], events: 'old' | 'new'): Model<RaceGuest> {
    return {
      name: 'relid-map',
      setup(world): RaceGuest {
        const lab = new RaceGuest(world, { design: { relidMap } });
        world.task(0, 'target_cpu_store', lab.connection.mover.move(lab.channel, lab.mask(0)));
        world.task('host', 'host', hostOf(lab, events));
        return lab;
      },
      finally: { 'no event is dropped': ({ called }) => called === 1 || `${called} of 1 events handled` },
      sometimes: { 'the channel has moved': ({ channel }) => channel.targetCpu === 0 },
    };
  }

  function* hostOf(lab: RaceGuest, events: 'old' | 'new'): Procedure<void> {
    if (events === 'old') {
      yield* lab.signal(1);
      return;
    }
    yield* lab.posted.wait();
    yield* lab.signal(0);
  }

  test.each(['old', 'new'] as const)('is dropped on the %s CPU by lists for each CPU', (events) => {
    expect(verdict(model('percpu-list', events))).toEqual(foundProperty('0 of 1 events handled'));
  });

  test.each(['array', 'irqdomain'] as const)('is handled with the %s', (relidMap) => {
    expect(verdict(model(relidMap, 'old'))).toBe('none');
    expect(verdict(model(relidMap, 'new'))).toBe('none');
  });
});

describe('an event that follows from a message about a new channel', () => {
  function model(MapClass: typeof ArrayRelidMap): Model<RaceGuest> {
    return {
      name: 'relid-publish',
      setup(world): RaceGuest {
        const lab = new RaceGuest(world, {
          parts: { relidMap: (_connection, lifetime, mover) => new MapClass(lifetime, mover) },
        });
        const { connection } = lab;
        const channel = lab.newChannel(9, 1);
        channel.storeCallback(() => {
          lab.called += 1;
        }, 'test');
        world.task(0, 'vmbus_process_offer', offer());
        world.task('host', 'host', host(lab));
        return lab;

        function* offer(): Procedure<void> {
          yield* connection.relids.map(channel);
          yield* connection.postSteps({ type: 3 });
        }
      },
      finally: { 'the channel is found': ({ called }) => called === 1 || 'the channel was not found' },
    };
  }

  function* host(lab: RaceGuest): Procedure<void> {
    yield* lab.posted.wait();
    yield* lab.signal(1, 9);
  }

  test('finds the channel if its entry is published with a barrier', () => {
    expect(verdict(model(ArrayRelidMap), 'tso')).toBe('none');
  });

  test('may not find it without, and only where stores are buffered', () => {
    expect(verdict(model(UnorderedArrayRelidMap), 'tso')).toEqual(foundProperty('was not found'));
    expect(verdict(model(UnorderedArrayRelidMap))).toBe('none');
  });
});

describe('a channel is given to a CPU that goes offline', () => {
  function model(offlineGuard: VmbusDesign['offlineGuard']): Model<RaceGuest> {
    return {
      name: 'affinity-vs-offline',
      setup(world): RaceGuest {
        const lab = new RaceGuest(world, { cpus: 3, design: { offlineGuard, modifyChannel: 'no-wait' } });
        world.task(0, 'irq_set_affinity', lab.connection.mover.move(lab.channel, lab.mask(1)));
        world.task('offline', 'cpuhp', offline(lab, 1));
        return lab;
      },
      finally: {
        'no channel is on an offline CPU': ({ host: { synics }, channel }) =>
          synics[channel.targetCpu] || 'the channel is on an offline CPU',
      },
      sometimes: {
        'the CPU goes offline': ({ host: { synics } }) => !synics[1],
        'the channel moves': ({ channel }) => channel.targetCpu === 1,
      },
    };
  }

  test.each(['none', 'flag'] as const)('which nothing prevents with guard %s', (guard) => {
    expect(verdict(model(guard))).toEqual(foundProperty('the channel is on an offline CPU'));
  });

  test('which flag and lock prevent', () => {
    expect(verdict(model('flag-and-lock'))).toBe('none');
  });
});

/** Takes a CPU offline as the kernel does, or finds that it may not. */
function* offline(lab: RaceGuest, cpu: number): Procedure<void> {
  const hotplug = new SynicHotplug(lab.connection, lab.vmbus.contexts, noLine);
  try {
    yield* hotplug.teardown(lab.machine.cpu(cpu));
    lab.machine.online.clear(cpu);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
  }
}

describe('a CPU goes offline right after its channel has moved', () => {
  interface Setting {
    readonly modifyChannel: VmbusDesign['modifyChannel'];
    readonly hostNs: number;
    readonly version?: number;
  }

  /** The host follows after a while, and until then signals the old CPU. */
  function model({ modifyChannel, hostNs, version }: Setting): Model<RaceGuest> {
    return {
      name: 'modchan-offline',
      setup(world): RaceGuest {
        const lab = new RaceGuest(world, { version, design: { modifyChannel } });
        world.task('guest', 'user', user(lab), { time: 'virtual' });
        world.task('host', 'host', host(lab, hostNs), { time: 'virtual' });
        return lab;
      },
      finally: {
        'no event is lost': ({ lost, called }) => (lost === 0 && called === 1) || `${lost} events lost`,
      },
      sometimes: { 'the CPU goes offline': ({ host: { synics } }) => !synics[1] },
    };
  }

  function* user(lab: RaceGuest): Procedure<void> {
    const { modifyChannel, mover } = lab.connection;
    if (modifyChannel instanceof WaitInSetter) yield* modifyChannel.store(lab.channel, 0);
    else yield* mover.move(lab.channel, lab.mask(0));
    yield* offline(lab, 1);
  }

  function* host(lab: RaceGuest, hostNs: number): Procedure<void> {
    const { channel, connection, vmbus } = lab;
    yield* lab.posted.wait();
    yield* sleep(hostNs);
    yield* lab.signal(1);
    if (connection.version <= VERSION_WIN10_V5_2) return;
    const response = { type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid: channel.relid, status: 0 };
    yield* vmbus.messages.handleSteps(response);
  }

  test('and nobody waits: an event is lost', () => {
    expect(verdict(model({ modifyChannel: 'no-wait', hostNs: MS }))).toEqual(foundProperty('1 events lost'));
  });

  test.each(['wait-on-offline', 'wait-in-setter'] as const)('%s: none is', (modifyChannel) => {
    expect(verdict(model({ modifyChannel, hostNs: 3 * MS }))).toBe('none');
  });

  test.each([
    [19 * MS, 'none'],
    [21 * MS, foundProperty('1 events lost')],
  ])('a fixed sleep of 20 ms, host takes %p ns', (hostNs, expected) => {
    expect(verdict(model({ modifyChannel: 'fixed-sleep', hostNs }))).toEqual(expected);
    // What the RFC does for hosts that do not answer.
    const old = { modifyChannel: 'wait-on-offline', hostNs, version: VERSION_WIN10_V5_2 } as const;
    expect(verdict(model(old))).toEqual(expected);
  });
});

describe("a channel's memory", () => {
  interface LifetimeState {
    readonly lab: RaceGuest;
  }

  function model(
    lifetime: VmbusDesign['lifetime'],
    others: (world: World, lab: RaceGuest) => void,
    isFreed = true,
  ): Model<LifetimeState> {
    return {
      name: 'channel-lifetime',
      setup(world): LifetimeState {
        const lab = new RaceGuest(world, { design: { lifetime, relidMap: 'array' } });
        others(world, lab);
        return { lab };
      },
      finally: {
        'no leak': ({ lab }) => lab.channel.isFreed === isFreed || 'the channel was not freed',
      },
    };
  }

  const rescindMessage = { type: 2, childRelid: 5 } as const;

  /** What the end of a failed offer does (vmbus_process_offer, err_deq_chan). */
  function* failOffer(lab: RaceGuest): Procedure<void> {
    yield* lab.connection.channelMutex.lock();
    yield* lab.operations.processChannelRemoval(lab.channel);
    yield* lab.connection.channelMutex.unlock();
  }

  /** Case 1: a rescind has found the channel that a failed offer frees. */
  const failedOffer = (world: World, lab: RaceGuest): void => {
    lab.channel.probeDone.reinit();
    world.task(1, 'vmbus_onoffer_rescind', lab.vmbus.management.onRescind(rescindMessage));
    world.task(0, 'vmbus_process_offer', failOffer(lab));
  };
  /** Case 2: an event has found it. */
  const event = (world: World, lab: RaceGuest): void => {
    world.task('host', 'host', lab.signal(0));
    world.task(1, 'vmbus_onoffer_rescind', lab.vmbus.management.onRescind(rescindMessage));
  };
  /** Case 3: module exit frees it, a rescind is at work with it. */
  const exit = (world: World, lab: RaceGuest): void => {
    lab.connection.rescindWorkQueue.queue(() => lab.vmbus.management.onRescind(rescindMessage), 0);
    world.task(1, 'vmbus_exit', lab.vmbus.management.exit());
  };

  test.each([
    ['a failed offer', failedOffer],
    ['an event', event],
    ['module exit', exit],
  ])('freed unconditionally, is used afterwards: %s', (_name, others) => {
    expect(verdict(model('free-unconditionally', others))).toMatch(/^found: .*(use after free|double free)/);
  });

  test('get and put as posted: not in cases 1 and 2, but at exit', () => {
    expect(verdict(model('get-put', failedOffer))).toBe('none');
    expect(verdict(model('get-put', event))).toBe('none');
    expect(verdict(model('get-put', exit))).toMatch(/^found: .*use after free/);
  });

  test('get and put completed: never', () => {
    expect(verdict(model('get-put-completed', failedOffer))).toBe('none');
    expect(verdict(model('get-put-completed', event))).toBe('none');
    expect(verdict(model('get-put-completed', exit))).toBe('none');
  });

  test('today: not while an event or a rescind looks at it', () => {
    expect(verdict(model('rescind-ref', event))).toBe('none');
    expect(verdict(model('rescind-ref', exit))).toBe('none');
  });
});

describe("a relid's IRQ goes to another channel", () => {
  function model(MapClass: typeof IrqdomainRelidMap): Model<RaceGuest> {
    return {
      name: 'rescind-reuse',
      setup(world): RaceGuest {
        const lab = new RaceGuest(world, {
          dynirqLowerBound: GSI_TOP,
          parts: {
            relidMap: ({ irq }, lifetime, mover) => new MapClass(irq, new VmbusIrqChip(mover), lifetime),
          },
        });
        const { relids } = lab.connection;
        const next = lab.newChannel(9, 0);
        world.task(0, 'hv_process_channel_removal', relids.unmap(lab.channel));
        world.task(1, 'vmbus_process_offer', offer());
        return lab;

        function* offer(): Procedure<void> {
          yield* relids.map(next);
          yield* lab.open(next, () => {});
        }
      },
      finally: {
        'nobody frees what is not his': ({ machine: { log } }) =>
          !log.lines.some(({ text }) => text.includes('already-free')) ||
          'free_irq of an IRQ of somebody else',
      },
    };
  }

  test('not before its handler is freed', () => {
    expect(verdict(model(IrqdomainRelidMap))).toBe('none');
  });

  test('while its handler is there, if the mapping goes first', () => {
    expect(verdict(model(DisposeFirstRelidMap))).toEqual(
      foundProperty('free_irq of an IRQ of somebody else'),
    );
  });
});

describe('a tasklet walks a list of channels that is changed on its CPU', () => {
  function model(makeList: (world: World) => ChannelList): Model<RaceGuest> {
    return {
      name: 'percpu-list-walk',
      setup(world): RaceGuest {
        const lab = new RaceGuest(world, { design: { relidMap: 'array' } });
        const list = makeList(world);
        const other = lab.newChannel(6, 0);
        const walk = world.tasklet(0, 'vmbus_on_event', function* onEvent() {
          yield* list.findSteps(5);
          lab.called += 1;
        });
        world.task(0, 'percpu_channel_deq', change(list, lab, other));
        world.task('host', 'host', raise());
        return lab;

        function* raise(): Procedure<void> {
          yield* lab.posted.wait();
          walk.schedule();
        }
      },
      sometimes: { 'the list is walked': ({ called }) => called > 0 },
    };
  }

  function* change(list: ChannelList, lab: RaceGuest, other: RaceGuest['channel']): Procedure<void> {
    yield* list.add(lab.channel);
    yield* list.add(other);
    lab.posted.complete();
    yield* list.delete(other);
  }

  test('and may follow a removed entry', () => {
    expect(verdict(model(() => new TaskletChannelList('percpu_list')))).toEqual(
      foundProperty('the walk follows a removed entry'),
    );
  });

  test('unless tasklets are kept away', () => {
    expect(verdict(model((world) => new BhDisabledChannelList('percpu_list', world.cpu(0))))).toBe('none');
  });
});

describe('the first interrupt of a channel that is being opened', () => {
  function model(order: VmbusDesign['openOrder']): Model<RaceGuest> {
    return {
      name: 'open-first-interrupt',
      setup(world): RaceGuest {
        const lab = new RaceGuest(world);
        lab.channel.storeCallback(undefined, 'test');
        const result = new Completion('OPENCHANNEL_RESULT');
        world.task(0, 'vmbus_open', open());
        world.task('host', 'host', host());
        return lab;

        function* open(): Procedure<void> {
          const callback = () => {
            lab.called += 1;
          };
          yield* openOrders[order].beforeOpen(lab.channel, callback);
          // Stands for OPENCHANNEL, which needs rings.
          yield* lab.connection.postSteps({ type: 3 });
          yield* result.wait();
          yield* openOrders[order].afterOpen(lab.channel, callback);
        }

        /** Its ring is not empty after this packet, so there is no second signal. */
        function* host(): Procedure<void> {
          yield* lab.posted.wait();
          result.complete();
          yield* lab.signal(1);
        }
      },
      finally: {
        'somebody looks at the packet': ({ called }) => called === 1 || 'nobody looks at the packet',
      },
    };
  }

  test('is handled if the callback is set before', () => {
    expect(verdict(model('callback-first'))).toBe('none');
  });

  test('is the last one if the guest ignores it until it has the result', () => {
    expect(verdict(model('ignore-until-open-result'))).toEqual(foundProperty('nobody looks at the packet'));
  });
});
