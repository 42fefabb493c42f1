import { earlyIrqInit, type IrqCore, IRQF_SHARED, requestIrq } from '../irq/index.js';
import {
  GuestIoapic,
  type HostThreads,
  Kvm,
  type ResamplerLifetimeFactory,
  resamplerLifetimes,
  SharedIdAssignedAtOnce,
  SharedIdNeverDeasserted,
  UserDevice,
} from '../kvm/index.js';
import { Machine } from '../machine/machine.js';
import type { Procedure } from '../machine/step.js';
import type { Model } from '../explore/model.js';
import { ackedModel, lastDeassignModel } from './level-irqfd-acked.js';
import { anyState, defineRace } from './race.js';

export const GSI = 10;

/** Spawns on a machine while the world is set up, then among the threads to step through. */
class Stage implements HostThreads {
  threads: Pick<HostThreads, 'spawn'>;

  constructor(private readonly machine: Machine) {
    this.threads = machine;
  }

  get clock(): Machine['clock'] {
    return this.machine.clock;
  }

  spawn(name: string, proc: Procedure<unknown>): unknown {
    return this.threads.spawn(name, proc);
  }
}

/**
 * Device A is taken away from a line while B is put on it; B wants two things of the guest's driver, so that user space
 * must assert the line again after the first EOI.
 */
export class LevelIrqfdRace {
  readonly kvm: Kvm;
  readonly a: UserDevice;
  readonly b: UserDevice;
  readonly core: IrqCore;
  isAGone = false;

  /** @param aWants device A asks for service too, while it is taken away. */
  constructor(threads: Pick<HostThreads, 'spawn'>, resamplers: ResamplerLifetimeFactory, aWants = false) {
    const machine = new Machine({ present: 1 });
    const stage = new Stage(machine);
    this.core = earlyIrqInit(machine, { dynirqLowerBound: 24, nrIrqs: 24 });
    this.kvm = new Kvm(stage, machine, { resamplers, resamplesAtUnmask: false });
    this.a = new UserDevice(this.kvm, 'A', GSI);
    this.b = new UserDevice(this.kvm, 'B', GSI);
    new GuestIoapic(this.core, this.kvm.ioapic, this.kvm.vcpus).map(GSI, 'level');
    for (const device of [this.a, this.b]) {
      machine.run('setup', requestIrq(this.core, GSI, device.handler, IRQF_SHARED, device.name, device));
    }
    machine.run('setup', this.a.assign());
    stage.threads = threads;
    if (aWants) threads.spawn('device A', this.a.want());
    threads.spawn('deassign A', this.takeAway());
    threads.spawn('user space of B', this.userSpace());
    threads.spawn('resample B', this.b.resampleForever());
  }

  private *takeAway(): Procedure<void> {
    yield* this.a.deassign();
    this.isAGone = true;
  }

  private *userSpace(): Procedure<void> {
    yield* this.b.assign();
    yield* this.b.want(2);
  }

  /** What is wrong when none of the threads can go on any more. */
  verdict(): string | undefined {
    const { kvm, b } = this;
    if (kvm.ledger.unnotified().length !== 0) return 'de-assert without notify';
    if (kvm.ledger.orphaned(kvm.irqfds).length !== 0) return 'line left asserted with no owner';
    if (!this.isAGone) return 'taking A away never ended';
    return b.isStarved || b.served !== 2 ? `${b.served} of 2 served` : undefined;
  }

  describe(): readonly string[] {
    const { kvm, a, b } = this;
    return [
      `line ${GSI} ${kvm.ioapic.isHigh(GSI) ? 'high' : 'low'}, ${kvm.ackNotifiers.countOf(GSI)} ack notifiers`,
      ...[a, b].map(({ name, wanted, served }) => `${name}: wants ${wanted}, ${served} served`),
    ];
  }
}

/** In which column a thread of the host is shown; all of them run freely. */
function laneOf(name: string): string {
  if (name.startsWith('irqfd_')) return 'workqueue';
  return name.endsWith(' B') ? 'device B' : name;
}

export function levelIrqfdModel(resamplers: ResamplerLifetimeFactory): Omit<Model<LevelIrqfdRace>, 'name'> {
  return {
    setup: (world) =>
      new LevelIrqfdRace({ spawn: (name, proc) => world.task(laneOf(name), name, proc) }, resamplers),
    finally: { 'nothing is lost': (race) => race.verdict() },
    sometimes: {
      'B was served twice': ({ b }) => b.served === 2,
      'A has left the line': (race) => race.isAGone,
    },
    // Who waits for the next interrupt waits for ever.
    mayBlock: () => true,
    describe: (race) => race.describe(),
  };
}

const {
  sharedIdUnderLock,
  ownSourceId,
  sharedIdUnregisterOutside,
  sharedIdLockDropped,
  sharedIdUnderIrqLock,
} = resamplerLifetimes;
const message = 'de-assert without notify';
const strategy = { kind: 'bounded', preemptions: 1 } as const;
/** All with up to one preemption, which is not enough for the bug; what follows would take minutes. */
const minimiseExecutions = 20_000;

export const levelIrqfd = defineRace({
  id: 'level-irqfd',
  source: '“kvm: level irqfd support”, 2012 (v9), and virt/kvm/eventfd.c',
  property:
    'every de-assert of the line is followed by a notification to each live irqfd that had it asserted; the line is ' +
    'not left asserted with no owner',
  variants: {
    'shared-id-unregister-outside': {
      summary: 'one source id for all, the ack notifier is unregistered outside the lock',
      expected: 'found',
      message,
      minimiseExecutions,
      model: () => anyState(levelIrqfdModel(sharedIdUnregisterOutside)),
    },
    'shared-id-lock-dropped': {
      summary: 'one source id for all, the lock is dropped before the last de-assert',
      expected: 'found',
      message,
      minimiseExecutions,
      model: () => anyState(levelIrqfdModel(sharedIdLockDropped)),
    },
    'own-source-id': {
      summary: 'a source id for each object',
      expected: 'none',
      strategy,
      model: () => anyState(levelIrqfdModel(ownSourceId)),
    },
    'shared-id-under-lock': {
      summary:
        'one source id, unregister and last de-assert under resampler_lock after the grace period: Linux',
      expected: 'none',
      model: () => anyState(levelIrqfdModel(sharedIdUnderLock)),
    },
    'shared-id-under-irq-lock': {
      summary: 'one source id, unregister and last de-assert under irq_lock, the grace period after it',
      expected: 'none',
      model: () => anyState(levelIrqfdModel(sharedIdUnderIrqLock)),
    },
    'shared-id-under-irq-lock-acked': {
      summary: 'the same, while the guest ends an interrupt of the device that is taken away',
      expected: 'none',
      model: () => anyState(ackedModel(sharedIdUnderIrqLock)),
    },
    'assigned-at-once-acked': {
      summary: 'the same, but who assigns an irqfd waits for no grace period',
      expected: 'found',
      message,
      model: () => anyState(ackedModel((kvm) => new SharedIdAssignedAtOnce(kvm))),
    },
    'shared-id-under-lock-acked': {
      summary: 'Linux in the same situation',
      expected: 'none',
      model: () => anyState(ackedModel(sharedIdUnderLock)),
    },
    'last-deassign': {
      summary: 'Linux; the only device of a line is taken away while it asserts it',
      expected: 'none',
      model: () => anyState(lastDeassignModel(sharedIdUnderLock)),
    },
    'last-deassign-keeps-level': {
      summary: 'the same, but the last deassign does not de-assert the line',
      expected: 'found',
      message: 'line left asserted with no owner',
      model: () => anyState(lastDeassignModel((kvm) => new SharedIdNeverDeasserted(kvm))),
    },
  },
});
