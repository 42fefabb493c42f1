import { IrqCore, IRQF_SHARED, requestIrq } from '../../src/irq/index.js';
import {
  GuestIoapic,
  type HostThreads,
  Kvm,
  type ResamplerLifetimeFactory,
  UserDevice,
} from '../../src/kvm/index.js';
import { Machine } from '../../src/machine/machine.js';
import type { Proc } from '../../src/machine/step.js';
import type { Model } from '../../src/explore/model.js';

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

  spawn(name: string, proc: Proc<unknown>): unknown {
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
  private isAGone = false;

  /** @param aWants device A asks for service too, while it is taken away. */
  constructor(threads: Pick<HostThreads, 'spawn'>, resamplers: ResamplerLifetimeFactory, aWants = false) {
    const machine = new Machine({ present: 1 });
    const stage = new Stage(machine);
    this.core = new IrqCore(machine, { dynirqLowerBound: 24, nrIrqs: 24 });
    this.kvm = new Kvm(stage, machine, { resamplers });
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

  private *takeAway(): Proc<void> {
    yield* this.a.deassign();
    this.isAGone = true;
  }

  private *userSpace(): Proc<void> {
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
}

/** The race for the explorer: every thread in a lane of its own. */
export function levelIrqfdModel(resamplers: ResamplerLifetimeFactory): Model<LevelIrqfdRace> {
  return {
    name: 'level-irqfd',
    setup: (world) => new LevelIrqfdRace({ spawn: (name, proc) => world.task(name, name, proc) }, resamplers),
    finally: { 'nothing is lost': (race) => race.verdict() },
    mayBlock: () => true,
  };
}
