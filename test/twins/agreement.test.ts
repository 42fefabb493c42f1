import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  callHandlers,
  callHandlersSteps,
  genericHandleIrqDesc,
  genericHandleIrqDescSteps,
  handleIrqEvent,
  handleIrqEventPercpu,
  handleIrqEventPercpuSteps,
  handleIrqEventSteps,
} from '../../src/irq/line/handle.js';
import * as flow from '../../src/irq/line/flow.js';
import * as percpuFlow from '../../src/irq/line/percpu-flow.js';
import * as irq from '../../src/irq/index.js';
import { IrqThread, wakeActionThread, wakeActionThreadSteps } from '../../src/irq/line/thread.js';
import * as startup from '../../src/irq/line/startup.js';
import { enableIrqLocked, enableIrqLockedSteps } from '../../src/irq/management/enable.js';
import type { IrqDesc, IrqFlowHandler } from '../../src/irq/data/irqdesc.js';
import { runAtomic, type Procedure } from '../../src/machine/step.js';
import { ProcIrq } from '../../src/view/proc/irq.js';
import {
  vmbusChanHandler,
  vmbusChanHandlerSteps,
  vmbusOnEvent,
  vmbusOnEventSteps,
} from '../../src/vmbus/channel/handler.js';
import { PlainModifyChannels } from '../../src/vmbus/connection/modify-channels.js';
import { MessageHandler } from '../../src/vmbus/messages.js';
import { designChoices } from '../../src/vmbus/variants/design.js';
import { RandomGuest } from './random-guest.js';
import type { RandomRing } from './random-ring.js';

// What the explorer proves about the …Steps must be what runs: both forms on equal random states, with the same
// result, the same state and the same log.

/** Random states for each pair; more: TWIN_RUNS=1000 npm test -- test/twins */
const RUNS = Number(process.env.TWIN_RUNS ?? 30);

/** What one form did: its result or its error, and what can be seen afterwards. */
function outcome(state: RandomGuest, run: () => unknown): unknown {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    result = String(error);
  }
  return { result, after: state.look() };
}

function agree(
  plain: (state: RandomGuest) => unknown,
  steps: (state: RandomGuest) => Procedure<unknown>,
  make: (seed: number) => RandomGuest = (seed) => new RandomGuest(seed),
): void {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const one = make(seed);
      const other = make(seed);
      const inOneGo = outcome(one, () => plain(one));
      const byStep = outcome(other, () => runAtomic(steps(other)));
      // Comparing texts first takes a tenth of the time.
      if (JSON.stringify(byStep) !== JSON.stringify(inOneGo)) expect(byStep).toEqual(inOneGo);
    }),
    { numRuns: RUNS },
  );
}

/** Channels have lines where the relid map is the irqdomain. */
const withLines = (seed: number): RandomGuest => new RandomGuest(seed, { relidMap: 'irqdomain' });

function onLine<T>(run: (desc: IrqDesc) => T): (state: RandomGuest) => T {
  return (state) => run(state.line());
}

describe('the line', () => {
  test('generic_handle_irq_desc', () => {
    agree(onLine(genericHandleIrqDesc), onLine(genericHandleIrqDescSteps), withLines);
  });

  test('__handle_irq_event_percpu and handle_irq_event_percpu', () => {
    agree(onLine(callHandlers), onLine(callHandlersSteps), withLines);
    agree(onLine(handleIrqEventPercpu), onLine(handleIrqEventPercpuSteps), withLines);
  });

  test('handle_irq_event, whose caller holds desc->lock', () => {
    agree(
      onLine(handleIrqEvent),
      onLine(function* (desc) {
        yield* desc.lock.spinLock();
        const result = yield* handleIrqEventSteps(desc);
        yield* desc.lock.spinUnlock();
        return result;
      }),
      withLines,
    );
  });
});

describe('flow handlers', () => {
  const flows: readonly IrqFlowHandler[] = [
    flow.handleSimpleIrq,
    flow.handleUntrackedIrq,
    flow.handleLevelIrq,
    flow.handleFasteoiIrq,
    flow.handleEdgeIrq,
    percpuFlow.handlePercpuIrq,
    percpuFlow.handlePercpuDemuxIrq,
    percpuFlow.handlePercpuIrqNostat,
    percpuFlow.handlePercpuIrqNostatShown,
    percpuFlow.handlePercpuDevidIrq,
  ];

  test.each(flows.map((handler) => [handler.name, handler] as const))('%s', (_name, handler) => {
    const { steps } = handler;
    if (steps === undefined) throw new Error(`${handler.name} has no steps`);
    agree(
      (state) => handler(state.lineOnChip()),
      (state) => steps(state.lineOnChip()),
      withLines,
    );
  });
});

describe('what manages a line', () => {
  test('disable_irq_nosync, enable_irq, irq_set_irq_wake', () => {
    agree(
      (state) => {
        const { irq: number } = state.lineOnChip();
        const core = state.guest.irq;
        return [
          irq.disableIrqNosync(core, number),
          irq.irqSetIrqWake(core, number, state.chance(2)),
          irq.enableIrq(core, number),
        ];
      },
      function* (state) {
        const { irq: number } = state.lineOnChip();
        const core = state.guest.irq;
        return [
          yield* irq.disableIrqNosyncSteps(core, number),
          yield* irq.irqSetIrqWakeSteps(core, number, state.chance(2)),
          yield* irq.enableIrqSteps(core, number),
        ];
      },
      withLines,
    );
  });

  test('irq_set_affinity, irq_force_affinity, hints and notifiers', () => {
    const notifier = { notify: (): void => {} };
    agree(
      (state) => {
        const { irq: number } = state.line();
        const core = state.guest.irq;
        const mask = state.mask();
        return [
          irq.irqSetAffinityNotifier(core, number, state.chance(2) ? notifier : null),
          irq.irqSetAffinity(core, number, mask),
          irq.irqUpdateAffinityHint(core, number, mask),
          irq.irqSetAffinityAndHint(core, number, state.mask()),
          irq.irqForceAffinity(core, number, state.mask()),
        ];
      },
      function* (state) {
        const { irq: number } = state.line();
        const core = state.guest.irq;
        const mask = state.mask();
        return [
          yield* irq.irqSetAffinityNotifierSteps(core, number, state.chance(2) ? notifier : null),
          yield* irq.irqSetAffinitySteps(core, number, mask),
          yield* irq.irqUpdateAffinityHintSteps(core, number, mask),
          yield* irq.irqSetAffinityAndHintSteps(core, number, state.mask()),
          yield* irq.irqForceAffinitySteps(core, number, state.mask()),
        ];
      },
      withLines,
    );
  });
});

describe('what a line is started with, its lock held', () => {
  test('irq_startup, irq_startup_managed, irq_activate_and_startup, __enable_irq', () => {
    agree(
      (state) => {
        const desc = state.lineOnChip();
        return [
          enableIrqLocked(desc),
          startup.irqStartup(desc, state.chance(2), state.chance(2)),
          startup.irqStartupManaged(desc),
          startup.irqActivateAndStartup(desc, state.chance(2)),
        ];
      },
      function* (state) {
        const desc = state.lineOnChip();
        return [
          yield* enableIrqLockedSteps(desc),
          yield* startup.irqStartupSteps(desc, state.chance(2), state.chance(2)),
          yield* startup.irqStartupManagedSteps(desc),
          yield* startup.irqActivateAndStartupSteps(desc, state.chance(2)),
        ];
      },
      withLines,
    );
  });

  test('irq_do_set_affinity, irq_setup_affinity, irq_set_affinity_locked', () => {
    agree(
      (state) => {
        const desc = state.line();
        return [
          irq.irqDoSetAffinity(desc.data, state.mask(), state.chance(2)),
          irq.irqSetupAffinity(desc),
          irq.irqSetAffinityLocked(desc, state.mask(), state.chance(2)),
        ];
      },
      function* (state) {
        const desc = state.line();
        return [
          yield* irq.irqDoSetAffinitySteps(desc.data, state.mask(), state.chance(2)),
          yield* irq.irqSetupAffinitySteps(desc),
          yield* irq.irqSetAffinityLockedSteps(desc, state.mask(), state.chance(2)),
        ];
      },
      withLines,
    );
  });
});

describe('what sets a line up', () => {
  test('its chip, flow handler, type and status', () => {
    const { NO_BALANCING, NOPROBE, NOREQUEST, PER_CPU } = irq.irqStatus;
    agree(
      (state) => {
        const { irq: number } = state.lineOnChip();
        const core = state.guest.irq;
        return [
          irq.irqModifyStatus(core, number, state.chance(2) ? PER_CPU : 0, NO_BALANCING),
          irq.irqSetStatusFlags(core, number, NOREQUEST),
          irq.irqClearStatusFlags(core, number, NOPROBE),
          irq.irqSetIrqType(core, number, irq.irqType.LEVEL_HIGH),
          irq.irqSetIrqchipState(core, number, irq.IRQCHIP_STATE_MASKED, true),
          irq.irqGetIrqchipState(core, number, irq.IRQCHIP_STATE_MASKED),
          irq.irqSetHandler(core, number, flow.handleEdgeIrq, state.chance(2), 'edge'),
          irq.irqSetChip(core, number, irq.dummyIrqChip),
          irq.irqSetChipAndHandler(core, number, irq.dummyIrqChip, flow.handleLevelIrq),
        ];
      },
      function* (state) {
        const { irq: number } = state.lineOnChip();
        const core = state.guest.irq;
        return [
          yield* irq.irqModifyStatusSteps(core, number, state.chance(2) ? PER_CPU : 0, NO_BALANCING),
          yield* irq.irqSetStatusFlagsSteps(core, number, NOREQUEST),
          yield* irq.irqClearStatusFlagsSteps(core, number, NOPROBE),
          yield* irq.irqSetIrqTypeSteps(core, number, irq.irqType.LEVEL_HIGH),
          yield* irq.irqSetIrqchipStateSteps(core, number, irq.IRQCHIP_STATE_MASKED, true),
          yield* irq.irqGetIrqchipStateSteps(core, number, irq.IRQCHIP_STATE_MASKED),
          yield* irq.irqSetHandlerSteps(core, number, flow.handleEdgeIrq, state.chance(2), 'edge'),
          yield* irq.irqSetChipSteps(core, number, irq.dummyIrqChip),
          yield* irq.irqSetChipAndHandlerSteps(core, number, irq.dummyIrqChip, flow.handleLevelIrq),
        ];
      },
      withLines,
    );
  });

  test('a per-CPU line on this CPU', () => {
    agree(
      (state) => {
        const { irq: number } = state.lineOnChip();
        const core = state.guest.irq;
        irq.irqSetPercpuDevid(core, number);
        return [
          irq.enablePercpuIrq(core, number, state.chance(2) ? irq.irqType.EDGE_RISING : undefined),
          state.chance(2) && irq.disablePercpuIrq(core, number),
        ];
      },
      function* (state) {
        const { irq: number } = state.lineOnChip();
        const core = state.guest.irq;
        irq.irqSetPercpuDevid(core, number);
        return [
          yield* irq.enablePercpuIrqSteps(
            core,
            number,
            state.chance(2) ? irq.irqType.EDGE_RISING : undefined,
          ),
          state.chance(2) && (yield* irq.disablePercpuIrqSteps(core, number)),
        ];
      },
      withLines,
    );
  });

  test('the waking of a thread', () => {
    const noThread: irq.ThreadFn = function* () {
      return irq.IRQ_HANDLED;
    };
    const threadOf = (desc: IrqDesc): irq.IrqAction => {
      const action = new irq.IrqAction(() => irq.IRQ_WAKE_THREAD, 1, {
        threadFn: noThread,
        flags: 0,
        name: 'threaded',
      });
      action.irq = desc.irq;
      action.thread = new IrqThread(desc, action);
      return action;
    };
    const twice = [0, 1];
    agree(
      onLine((desc) => {
        const action = threadOf(desc);
        for (const _ of twice) wakeActionThread(desc, action);
        return [desc.cold.threadsActive.value, action.thread?.runThread.value];
      }),
      onLine(function* (desc) {
        const action = threadOf(desc);
        for (const _ of twice) yield* wakeActionThreadSteps(desc, action);
        return [desc.cold.threadsActive.value, action.thread?.runThread.value];
      }),
      withLines,
    );
  });
});

describe('descriptors and mappings', () => {
  const domainOf = (state: RandomGuest): irq.IrqDomain =>
    irq.irqDomainCreateLinear(state.guest.irq, {
      name: 'random',
      size: 40,
      ops: { map: () => -state.prng.below(2) },
    });
  const affinityOf = (state: RandomGuest): irq.IrqAffinityDesc | null =>
    state.chance(2) ? { mask: state.mask(), managed: state.chance(2) } : null;

  /** The steps would wait for the line's handlers and threads, which the plain form leaves to free_irq. */
  const quiet = (desc: IrqDesc): void => {
    desc.state &= ~irq.irqd.IRQ_INPROGRESS;
    desc.cold.threadsActive.set(0);
  };

  test('irq_alloc_descs and irq_free_descs', () => {
    agree(
      (state) => {
        const core = state.guest.irq;
        const at = state.prng.pick([-1, -1, 7, 33]);
        const start = irq.allocDescs(core, at, state.prng.below(40), state.prng.below(4));
        irq.freeDescs(core, state.prng.below(70), state.prng.below(3));
        return start;
      },
      function* (state) {
        const core = state.guest.irq;
        const at = state.prng.pick([-1, -1, 7, 33]);
        const start = yield* irq.allocDescsSteps(core, at, state.prng.below(40), state.prng.below(4));
        yield* irq.freeDescsSteps(core, state.prng.below(70), state.prng.below(3));
        return start;
      },
      withLines,
    );
  });

  test('irq_create_mapping, irq_find_mapping, irq_domain_associate, irq_dispose_mapping', () => {
    agree(
      (state) => {
        const domain = domainOf(state);
        const core = state.guest.irq;
        const results = [];
        for (let i = 0; i < 4; i++) {
          const hwirq = state.prng.below(42);
          results.push(irq.irqCreateMapping(domain, hwirq, affinityOf(state)));
          results.push(irq.irqFindMapping(domain, state.prng.below(42)));
          results.push(irq.irqResolveMapping(domain, hwirq)?.irq);
          results.push(irq.irqDomainAssociate(domain, state.prng.below(60), state.prng.below(42)));
          const disposed = core.desc(state.prng.below(60));
          if (disposed !== undefined) quiet(disposed);
          irq.irqDisposeMapping(core, disposed?.irq ?? 0);
        }
        return [...results, domain.mapcount];
      },
      function* (state) {
        const domain = domainOf(state);
        const core = state.guest.irq;
        const results = [];
        for (let i = 0; i < 4; i++) {
          const hwirq = state.prng.below(42);
          results.push(yield* irq.irqCreateMappingSteps(domain, hwirq, affinityOf(state)));
          results.push(yield* irq.irqFindMappingSteps(domain, state.prng.below(42)));
          results.push((yield* irq.irqResolveMappingSteps(domain, hwirq))?.irq);
          results.push(
            yield* irq.irqDomainAssociateSteps(domain, state.prng.below(60), state.prng.below(42)),
          );
          const disposed = core.desc(state.prng.below(60));
          if (disposed !== undefined) quiet(disposed);
          yield* irq.irqDisposeMappingSteps(core, disposed?.irq ?? 0);
        }
        return [...results, domain.mapcount];
      },
      withLines,
    );
  });

  test('check_irq_resend, clear_irq_resend, irq_inject_interrupt', () => {
    agree(
      (state) => {
        const core = state.guest.irq;
        const lines = [state.lineOnChip(), state.lineOnChip(), state.lineOnChip()];
        const results = [];
        for (const desc of lines) {
          results.push(irq.checkIrqResend(desc, state.chance(2)));
          results.push(irq.irqInjectInterrupt(core, desc.irq));
          if (state.chance(3)) irq.clearIrqResend(desc);
        }
        return results;
      },
      function* (state) {
        const core = state.guest.irq;
        const lines = [state.lineOnChip(), state.lineOnChip(), state.lineOnChip()];
        const results = [];
        for (const desc of lines) {
          results.push(yield* irq.checkIrqResendSteps(desc, state.chance(2)));
          results.push(yield* irq.irqInjectInterruptSteps(core, desc.irq));
          if (state.chance(3)) yield* irq.clearIrqResendSteps(desc);
        }
        return results;
      },
      withLines,
    );
  });

  test('register_irq_proc, register_handler_proc and back', () => {
    const shown = (proc: ProcIrq, { irq: number }: IrqDesc): unknown => {
      const directory = proc.lookup(String(number));
      return directory?.kind === 'directory' ? [...directory.list()] : undefined;
    };
    agree(
      (state) => {
        const desc = state.line();
        const proc = new ProcIrq(state.guest.irq);
        proc.registerIrq(desc);
        for (const action of desc.actions()) proc.registerHandler(desc, action);
        const before = shown(proc, desc);
        if (desc.action && state.chance(2)) proc.unregisterHandler(desc, desc.action);
        const between = shown(proc, desc);
        proc.unregisterIrq(desc);
        return [before, between, shown(proc, desc)];
      },
      function* (state) {
        const desc = state.line();
        const proc = new ProcIrq(state.guest.irq);
        yield* proc.registerIrqSteps(desc);
        for (const action of desc.actions()) yield* proc.registerHandlerSteps(desc, action);
        const before = shown(proc, desc);
        if (desc.action && state.chance(2)) yield* proc.unregisterHandlerSteps(desc, desc.action);
        const between = shown(proc, desc);
        yield* proc.unregisterIrqSteps(desc);
        return [before, between, shown(proc, desc)];
      },
      withLines,
    );
  });
});

describe('a channel', () => {
  test('vmbus_chan_handler', () => {
    agree(
      ({ channels }) => channels.map((channel) => vmbusChanHandler(0, channel)),
      function* ({ channels }) {
        const results = [];
        for (const channel of channels) results.push(yield* vmbusChanHandlerSteps(0, channel));
        return results;
      },
    );
  });

  test('vmbus_on_event', () => {
    agree(
      ({ channels }) => channels.map((channel) => vmbusOnEvent(channel)).length,
      function* ({ channels }) {
        for (const channel of channels) yield* vmbusOnEventSteps(channel);
        return channels.length;
      },
    );
  });

  test('its callback and its rescind', () => {
    agree(
      ({ channels: [channel] }) => {
        const before = [channel.loadCallback('test') !== undefined, channel.loadRescind('test')];
        channel.storeCallback(undefined, 'test');
        channel.markRescinded('test');
        return before;
      },
      function* ({ channels: [channel] }) {
        const callback = yield* channel.loadCallbackSteps('test');
        const rescind = yield* channel.loadRescindSteps('test');
        yield* channel.storeCallbackSteps(undefined, 'test');
        yield* channel.markRescindedSteps('test');
        return [callback !== undefined, rescind];
      },
    );
  });
});

describe('an event of the host', () => {
  const lifetimes = designChoices.lifetime.flatMap((lifetime) =>
    designChoices.relidMap.map((relidMap) => ({ lifetime, relidMap })),
  );

  test.each(lifetimes)('vmbus_isr: relid map $relidMap, lifetime $lifetime', (design) => {
    agree(
      ({ guest, thisCpu }) => guest.vmbus.isr.handle(thisCpu),
      ({ guest, thisCpu }) => guest.vmbus.isr.handleSteps(thisCpu),
      (seed) => new RandomGuest(seed, design),
    );
  });

  test('dispatch of a relid', () => {
    agree(
      ({ guest, channels, thisCpu }) =>
        channels.map(({ relid }) => guest.connection.relids.dispatch(relid, thisCpu.id)).length,
      function* ({ guest, channels, thisCpu }) {
        for (const { relid } of channels) yield* guest.connection.relids.dispatchSteps(relid, thisCpu.id);
        return channels.length;
      },
    );
  });

  test('vmbus_on_msg_dpc', () => {
    const handler = ({ guest }: RandomGuest): MessageHandler =>
      new MessageHandler(guest.connection, guest.vmbus.management, guest.vmbus.contexts);
    agree(
      (state) => handler(state).onMessage(state.thisCpu.id),
      (state) => handler(state).onMessageSteps(state.thisCpu.id),
    );
  });

  test.each(designChoices.lifetime)('a channel is got and put: lifetime %s', (lifetime) => {
    agree(
      ({ guest, channels: [channel] }) => {
        const { lifetime: life } = guest.connection;
        const section = life.enterEvent();
        const got = life.getForEvent(channel);
        if (got !== undefined) life.putForEvent(got);
        life.leaveEvent(section);
        return got?.relid;
      },
      function* ({ guest, channels: [channel] }) {
        const { lifetime: life } = guest.connection;
        const section = yield* life.enterEventSteps();
        const got = yield* life.getForEventSteps(channel);
        if (got !== undefined) yield* life.putForEventSteps(got);
        yield* life.leaveEventSteps(section);
        return got?.relid;
      },
      (seed) => new RandomGuest(seed, { lifetime }),
    );
  });
});

describe('messages of the guest', () => {
  test('vmbus_post_msg', () => {
    agree(
      ({ guest }) => guest.connection.post({ type: 3 }),
      ({ guest }) => guest.connection.postSteps({ type: 3 }),
    );
  });

  test('what is under way', () => {
    agree(
      ({ guest: { connection } }) => {
        connection.modchans.sentOne();
        connection.modchans.completedOne();
        connection.offers.arrived();
        const counts = [connection.modchans.loadSent(), connection.modchans.loadCompleted()];
        connection.offers.done();
        return counts;
      },
      function* ({ guest: { connection } }) {
        yield* connection.modchans.sentOneSteps();
        yield* connection.modchans.completedOneSteps();
        yield* connection.offers.arrivedSteps();
        const sent = yield* connection.modchans.loadSentSteps();
        const completed = yield* connection.modchans.loadCompletedSteps();
        yield* connection.offers.doneSteps();
        return [sent, completed];
      },
    );
  });
});

test('modchan_sent without atomics', () => {
  const counting = new Map<RandomGuest, PlainModifyChannels>();
  const countOf = (state: RandomGuest): PlainModifyChannels => {
    const found = counting.get(state) ?? new PlainModifyChannels();
    counting.set(state, found);
    return found;
  };
  agree(
    (state) => {
      const modchans = countOf(state);
      modchans.sentOne();
      modchans.sentOne();
      return modchans.sent;
    },
    function* (state) {
      const modchans = countOf(state);
      yield* modchans.sentOneSteps();
      yield* modchans.sentOneSteps();
      return modchans.sent;
    },
  );
});

describe('a ring', () => {
  const onRing =
    <T>(run: (ring: RandomRing) => T) =>
    (state: RandomGuest): T =>
      run(state.ring());

  test('hv_ringbuffer_write, with memory named in the descriptor', () => {
    agree(
      onRing((ring) => ring.writer.write(9, 1, 77, ring.payload(), 8)),
      onRing((ring) => ring.writer.writeSteps(9, 1, 77, ring.payload(), 8)),
    );
  });

  test('set_channel_pending_send_size', () => {
    agree(
      onRing(({ writer }) => writer.requestRoom(1000)),
      onRing(({ writer }) => writer.requestRoomSteps(1000)),
    );
  });

  test('hv_pkt_iter_first', () => {
    agree(
      onRing(({ reader }) => reader.next()),
      onRing(({ reader }) => reader.nextSteps()),
    );
  });

  test.each(designChoices.ringOrder)(
    'hv_begin_read, hv_end_read and hv_pkt_iter_close: order %s',
    (ringOrder) => {
      agree(
        onRing(({ reader }) => {
          reader.beginRead();
          return [reader.endRead(), reader.pktIterClose()];
        }),
        onRing(function* ({ reader }) {
          yield* reader.beginReadSteps();
          const unread = yield* reader.endReadSteps();
          return [unread, yield* reader.pktIterCloseSteps()];
        }),
        (seed) => new RandomGuest(seed, { ringOrder }),
      );
    },
  );
});
