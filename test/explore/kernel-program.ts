// One random kernel program: a few contexts that each call functions of the interrupt layer and of VMBus. It imports the
// package only, so that it is also a race file that `irqlab explore` loads into its threads: the program is in
// KERNEL_PROGRAM then.
import {
  Completion,
  type CpuMask,
  defineRace,
  inFunction,
  type Interrupt,
  irq,
  type Model,
  type Procedure,
  RaceGuest,
  SharedWord,
  type World,
} from 'irqlab';

export const flows = ['simple', 'level', 'edge', 'fasteoi', 'percpu', 'percpu-devid'] as const;
export const actions = ['none', 'plain', 'threaded', 'oneshot'] as const;
export const relidMaps = ['irqdomain', 'array', 'percpu-list'] as const;

type Flow = (typeof flows)[number];

/** A call of a program. The argument is 0 or 1, whatever the call makes of it. */
export interface KernelCall {
  readonly call: string;
  readonly arg: number;
}

export interface KernelContext {
  readonly lane: number | 'host';
  readonly calls: readonly KernelCall[];
}

export interface KernelProgram {
  readonly flow: Flow;
  /** What the line is requested with before the program begins. */
  readonly action: (typeof actions)[number];
  /** Its chip sends an interrupt again by itself. */
  readonly retriggers: boolean;
  readonly relidMap: (typeof relidMaps)[number];
  readonly contexts: readonly KernelContext[];
}

interface CallRow {
  /** Where it can be called: on a CPU, or by the host. */
  readonly from: 'cpu' | 'host';
  /** Lines that it is about; undefined: any. */
  readonly flow?: 'percpu-devid';
  steps(kernel: Kernel, arg: number): Procedure<unknown>;
}

const onCpu = (steps: CallRow['steps']): CallRow => ({ from: 'cpu', steps });
const onPercpu = (steps: CallRow['steps']): CallRow => ({ from: 'cpu', flow: 'percpu-devid', steps });
const byHost = (steps: CallRow['steps']): CallRow => ({ from: 'host', steps });

/** A function of the kernel that runs in one go: a step of its own. */
function inOneStep(act: (kernel: Kernel, arg: number) => unknown): CallRow['steps'] {
  return function* (kernel, arg) {
    yield kernel.somewhere.update;
    return act(kernel, arg);
  };
}

const rescindChannelOffer = 2;

/** What programs are made of, one row each. */
export const calls: Readonly<Record<string, CallRow>> = {
  request_irq: onCpu((k, arg) => irq.requestIrq(k.core, k.irq, k.handler(), irq.IRQF_SHARED, 'dev', arg)),
  request_threaded_irq: onCpu((k, arg) =>
    irq.requestThreadedIrq(k.core, k.irq, null, k.threadFn(), irq.IRQF_SHARED | irq.IRQF_ONESHOT, 'dev', arg),
  ),
  free_irq: onCpu((k, arg) => irq.freeIrq(k.core, k.irq, arg)),
  enable_irq: onCpu((k) => irq.enableIrqSteps(k.core, k.irq)),
  disable_irq: onCpu((k) => irq.disableIrq(k.core, k.irq)),
  disable_irq_nosync: onCpu((k) => irq.disableIrqNosyncSteps(k.core, k.irq)),
  disable_hardirq: onCpu(inOneStep((k) => irq.disableHardirq(k.core, k.irq))),
  synchronize_irq: onCpu((k) => irq.synchronizeIrq(k.core, k.irq)),
  irq_set_affinity: onCpu((k, cpu) => irq.irqSetAffinitySteps(k.core, k.irq, k.guest.mask(cpu))),
  irq_set_affinity_and_hint: onCpu((k, cpu) =>
    irq.irqSetAffinityAndHintSteps(k.core, k.irq, k.guest.mask(cpu)),
  ),
  irq_update_affinity_hint: onCpu((k, arg) =>
    irq.irqUpdateAffinityHintSteps(k.core, k.irq, arg === 0 ? null : k.guest.mask(1)),
  ),
  irq_set_irq_wake: onCpu((k, arg) => irq.irqSetIrqWakeSteps(k.core, k.irq, arg === 1)),
  irq_has_action: onCpu(inOneStep((k) => irq.irqHasAction(k.core, k.irq))),
  irq_set_status_flags: onCpu(
    inOneStep((k, arg) =>
      irq.irqSetStatusFlags(k.core, k.irq, arg === 0 ? irq.irqStatus.NOAUTOEN : irq.irqStatus.NO_BALANCING),
    ),
  ),
  irq_inject_interrupt: onCpu(inOneStep((k) => irq.irqInjectInterrupt(k.core, k.irq))),
  generic_handle_irq: onCpu(inOneStep((k) => irq.genericHandleIrq(k.core, k.irq))),
  request_percpu_irq: onPercpu((k, arg) => irq.requestPercpuIrq(k.core, k.irq, k.handler(), 'dev', arg)),
  free_percpu_irq: onPercpu((k, arg) => irq.freePercpuIrq(k.core, k.irq, arg)),
  enable_percpu_irq: onPercpu(inOneStep((k) => irq.enablePercpuIrq(k.core, k.irq))),
  disable_percpu_irq: onPercpu(inOneStep((k) => irq.disablePercpuIrq(k.core, k.irq))),
  irq_percpu_is_enabled: onPercpu(inOneStep((k) => irq.irqPercpuIsEnabled(k.core, k.irq))),
  vmbus_move: onCpu(({ guest }, cpu) => guest.connection.mover.move(guest.channel, guest.mask(cpu))),
  vmbus_open: onCpu(({ guest }, cpu) => openAnother(guest, cpu)),
  vmbus_close: onCpu(({ guest }) => guest.operations.close(guest.channel)),
  vmbus_rescind: onCpu(({ guest }) =>
    guest.vmbus.management.onRescind({ type: rescindChannelOffer, childRelid: guest.channel.relid }),
  ),
  device: byHost(function* (k, cpu) {
    yield k.somewhere.update;
    k.device[cpu].raise();
  }),
  signal: byHost(({ guest }, cpu) => guest.signal(cpu)),
};

/** Offers, lists and opens a channel beside the first one, as far as interrupts go. */
function* openAnother(guest: RaceGuest, cpu: number): Procedure<string> {
  const { connection } = guest;
  const channel = guest.newChannel(7 + cpu, cpu);
  if (!(yield* connection.relids.map(channel))) return 'taken';
  yield* connection.list(channel);
  yield* guest.open(channel, () => {});
  return `IRQ ${channel.irq}`;
}

const flowHandlers: Readonly<Record<Flow, irq.IrqFlowHandler>> = {
  simple: irq.handleSimpleIrq,
  level: irq.handleLevelIrq,
  edge: irq.handleEdgeIrq,
  fasteoi: irq.handleFasteoiIrq,
  percpu: irq.handlePercpuIrq,
  'percpu-devid': irq.handlePercpuDevidIrq,
};

const actionFlags = {
  none: 0,
  plain: irq.IRQF_SHARED,
  threaded: irq.IRQF_SHARED,
  oneshot: irq.IRQF_SHARED | irq.IRQF_ONESHOT,
};

/** The context that comes before all others. */
export const BOOT = 'boot';

/** A lean guest with a channel and, beside it, a line whose device interrupts either CPU. */
class Kernel {
  readonly guest: RaceGuest;
  readonly irq: number;
  readonly device: Interrupt[] = [];
  readonly somewhere = new SharedWord('somewhere else');
  private readonly booted = new Completion('booted');
  /** What each context's calls have returned. */
  readonly results: string[] = [];
  private readonly registers = new SharedWord("device's registers");
  private handled = 0;
  private threads = 0;
  private chipCalls = 0;

  constructor(world: World, { flow, action, retriggers, relidMap, contexts }: KernelProgram) {
    this.guest = new RaceGuest(world, { design: { relidMap } });
    const { core } = this;
    this.irq = irq.allocDescs(core, -1, 40, 1);
    irq.irqSetChipAndHandler(core, this.irq, this.chip(retriggers), flowHandlers[flow], null);
    if (flow === 'percpu-devid') irq.irqSetPercpuDevid(core, this.irq);
    if (action === 'none') this.booted.completeAll();
    else world.task(0, BOOT, this.boot(flow, action));
    for (const cpu of [0, 1])
      this.device.push(world.interrupt(cpu, 'device', () => irq.genericHandleIrqDescSteps(this.desc)));
    for (const [at, context] of contexts.entries()) world.task(context.lane, `P${at}`, this.run(context, at));
  }

  /** The line is requested before anything else happens. */
  private *boot(flow: Flow, action: KernelProgram['action']): Procedure<void> {
    const { core } = this;
    if (flow === 'percpu-devid') yield* irq.requestPercpuIrq(core, this.irq, this.handler(), 'dev', 0);
    else {
      const threadFn = action === 'plain' ? null : this.threadFn();
      const handler = action === 'plain' ? this.handler() : action === 'oneshot' ? null : this.waker();
      yield* irq.requestThreadedIrq(core, this.irq, handler, threadFn, actionFlags[action], 'dev', 0);
    }
    this.booted.completeAll();
  }

  get core(): irq.IrqCore {
    return this.guest.irq;
  }

  get desc(): irq.IrqDesc {
    const desc = this.core.desc(this.irq);
    if (desc === undefined) throw new Error('the line is gone');
    return desc;
  }

  handler(ret: number = irq.IRQ_HANDLED): irq.IrqHandler {
    const act = (): number => {
      this.handled += 1;
      return ret;
    };
    const { registers } = this;
    const steps = function* (): Procedure<number> {
      yield registers.update;
      return act();
    };
    return Object.assign(act, { steps });
  }

  /** A handler that leaves the work to its thread. */
  private waker(): irq.IrqHandler {
    return this.handler(irq.IRQ_WAKE_THREAD);
  }

  threadFn(): irq.ThreadFn {
    const kernel = this;
    return function* () {
      yield kernel.registers.update;
      kernel.threads += 1;
      return irq.IRQ_HANDLED;
    };
  }

  /** All that can be observed of line, channel and contexts. */
  outcome(): string {
    const { guest, results, handled, threads, chipCalls } = this;
    const { cold, data, state, istate, status, totCount } = this.desc;
    const { channel, connection, machine } = guest;
    return JSON.stringify({
      results,
      line: {
        handled,
        threads,
        chipCalls,
        totCount,
        perCpu: [...cold.kstat],
        depth: cold.depth,
        wake: cold.wakeDepth,
      },
      bits: [state, istate, status, this.desc.threadsOneshot, cold.nrActions],
      actions: [...this.desc.actions()].map(({ devId, flags, threadMask }) => [devId, flags, threadMask]),
      masks: [
        data.affinity,
        data.effectiveAffinity,
        cold.pendingMask,
        cold.affinityHint,
        this.desc.percpuEnabled,
      ].map(cpusOf),
      channel: [
        channel.targetCpu,
        channel.state.kind,
        channel.irq,
        channel.rescind,
        guest.called,
        guest.lost,
        connection.relids.droppedEvents,
      ],
      sent: guest.sent.map(({ type }) => type),
      channels: [...connection.channels()].map(({ relid }) => relid),
      // Which of two lines comes first is nothing that an explorer is told of.
      log: machine.log.lines.map(({ text }) => text).sort(),
    });
  }

  private *run({ calls: list }: KernelContext, at: number): Procedure<void> {
    this.results[at] = '';
    yield* this.booted.wait();
    for (const { call, arg } of list) {
      const result = yield* inFunction(call, calls[call].steps(this, arg));
      this.results[at] += `${call}(${arg}) = ${String(result)}; `;
    }
  }

  private chip(retriggers: boolean): irq.IrqChip {
    const note = (): void => {
      this.chipCalls += 1;
    };
    return {
      name: 'chip',
      irqMask: note,
      irqUnmask: note,
      irqAck: note,
      irqEoi: note,
      irqSetWake: () => 0,
      irqSetAffinity(data, dest) {
        irq.irqDataUpdateEffectiveAffinity(data, dest);
        return irq.IRQ_SET_MASK_OK;
      },
      ...(retriggers && { irqRetrigger: () => 1 }),
    };
  }
}

function cpusOf(mask: CpuMask | null): string {
  return mask === null ? '-' : [0, 1].filter((cpu) => mask.has(cpu)).join();
}

export function kernelModel(program: KernelProgram): Model<Kernel> {
  return {
    name: 'kernel program',
    setup: (world) => new Kernel(world, program),
    fingerprint: (kernel) => ({ shared: kernel }),
    outcome: (kernel) => kernel.outcome(),
    // Who waits for what nobody does shows in the results.
    mayBlock: () => true,
  };
}

const asked = globalThis.process?.env.KERNEL_PROGRAM;
const program: KernelProgram =
  asked === undefined
    ? { flow: 'simple', action: 'plain', retriggers: false, relidMap: 'irqdomain', contexts: [] }
    : (JSON.parse(asked) as KernelProgram);

export default defineRace({
  id: 'kernel-program',
  source: 'test/explore/kernel-programs.test.ts',
  property: 'none of its own: what comes out is compared',
  variants: { asked: { expected: 'none', model: () => kernelModel(program) } },
});
