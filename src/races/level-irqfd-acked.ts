import {
  type EventfdCtx,
  Kvm,
  type ResampledIrqfd,
  type Resampler,
  type ResamplerLifetime,
  type ResamplerLifetimeFactory,
} from '../kvm/index.js';
import type { Model } from '../explore/model.js';
import { Machine } from '../machine/machine.js';
import { RcuNode } from '../machine/rcu.js';
import { inFunction, type Procedure } from '../machine/step.js';

const GSI = 10;

/** An irqfd as its line's resampler knows it; nobody signals its eventfd. */
class LineIrqfd implements ResampledIrqfd {
  readonly gsi = GSI;
  /** False once it has left the list of irqfds, which comes before its resampler is told. */
  active = true;
  resampler: Resampler | undefined;
  readonly link: RcuNode<ResampledIrqfd> = new RcuNode<ResampledIrqfd>(this);

  constructor(
    readonly eventfd: EventfdCtx,
    readonly resamplefd: EventfdCtx,
  ) {}
}

/**
 * The guest ends an interrupt of device A while A is taken away from the line, its last irqfd, and B is put on it and
 * asserts it: only the line's resamplers, ack notifiers and level.
 */
class AckedRace {
  readonly kvm: Kvm;
  private readonly lifetime: ResamplerLifetime;
  private readonly a: LineIrqfd;
  private readonly b: LineIrqfd;
  isAGone = false;
  wasAsserted = false;

  constructor(resamplers: ResamplerLifetimeFactory) {
    const machine = new Machine({ present: 1 });
    this.kvm = new Kvm(machine, machine, { resamplesAtUnmask: false });
    this.lifetime = resamplers(this.kvm);
    this.a = this.irqfd('A');
    this.b = this.irqfd('B');
    machine.run('assign A', this.lifetime.assign(this.a));
    machine.run('signal A', this.assert(this.a));
  }

  /** The vCPU has left the guest, whose driver has ended the interrupt. */
  eoi(): Procedure<void> {
    return inFunction('kvm_notify_acked_irq', this.kvm.notifyAckedIrq(GSI));
  }

  *takeAway(): Procedure<void> {
    const { a, lifetime } = this;
    a.active = false;
    if (a.resampler !== undefined)
      yield* inFunction('irqfd_resampler_shutdown', lifetime.shutdown(a, a.resampler));
    this.isAGone = true;
  }

  *putOn(): Procedure<void> {
    yield* inFunction('kvm_irqfd_assign', this.lifetime.assign(this.b));
    yield* inFunction('irqfd_inject', this.assert(this.b));
    this.wasAsserted = true;
  }

  verdict(): string | undefined {
    return this.kvm.ledger.unnotified().length === 0 ? undefined : 'de-assert without notify';
  }

  describe(): readonly string[] {
    const { ioapic, ackNotifiers } = this.kvm;
    return [`line ${GSI} ${ioapic.isHigh(GSI) ? 'high' : 'low'}, ${ackNotifiers.countOf(GSI)} ack notifiers`];
  }

  private *assert(irqfd: LineIrqfd): Procedure<void> {
    if (irqfd.resampler !== undefined) yield* this.kvm.setIrq(irqfd.resampler.sourceId, GSI, true, irqfd);
  }

  private irqfd(name: string): LineIrqfd {
    const { files } = this.kvm;
    const open = (what: string): EventfdCtx => files.open(files.eventfd(`${name} ${what}`));
    return new LineIrqfd(open('eventfd'), open('resamplefd'));
  }
}

/** Device A, whose interrupt the guest has yet to end, is taken away from the line, and nobody comes after it. */
export function lastDeassignModel(resamplers: ResamplerLifetimeFactory): Omit<Model<AckedRace>, 'name'> {
  return {
    setup(world): AckedRace {
      const race = new AckedRace(resamplers);
      world.task('deassign A', 'deassign A', race.takeAway());
      return race;
    },
    finally: {
      'the line is low': ({ kvm }) => !kvm.ioapic.isHigh(GSI) || 'line left asserted with no owner',
    },
    sometimes: { 'A has left the line': ({ isAGone }) => isAGone },
    describe: (race) => race.describe(),
  };
}

export function ackedModel(resamplers: ResamplerLifetimeFactory): Omit<Model<AckedRace>, 'name'> {
  return {
    setup(world): AckedRace {
      const race = new AckedRace(resamplers);
      world.task('vCPU 0', 'vCPU 0', race.eoi());
      world.task('deassign A', 'deassign A', race.takeAway());
      world.task('device B', 'device B', race.putOn());
      return race;
    },
    finally: { 'nothing is lost': (race) => race.verdict() },
    sometimes: {
      'A has left the line': ({ isAGone }) => isAGone,
      'B has asserted the line': ({ wasAsserted }) => wasAsserted,
    },
    describe: (race) => race.describe(),
  };
}
