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
import { Threads, type World } from './schedules.js';

export const GSI = 10;

/** Spawns on a machine while the world is set up, then among the threads to explore. */
class Stage implements HostThreads {
  readonly threads = new Threads();
  private exploring = false;

  constructor(private readonly machine: Machine) {}

  get clock(): Machine['clock'] {
    return this.machine.clock;
  }

  begin(): void {
    this.exploring = true;
  }

  spawn(name: string, proc: Proc<unknown>): unknown {
    return (this.exploring ? this.threads : this.machine).spawn(name, proc);
  }
}

/**
 * Device A is taken away from a line while B is put on it; B wants two things of the guest's driver, so that user space
 * must assert the line again after the first EOI.
 */
export class LevelIrqfdRace implements World {
  readonly threads: Threads;
  readonly kvm: Kvm;
  readonly a: UserDevice;
  readonly b: UserDevice;
  readonly core: IrqCore;

  constructor(resamplers: ResamplerLifetimeFactory) {
    const machine = new Machine({ present: 1 });
    const stage = new Stage(machine);
    this.threads = stage.threads;
    this.core = new IrqCore(machine, { dynirqLowerBound: 24, nrIrqs: 24 });
    this.kvm = new Kvm(stage, machine, { resamplers });
    this.a = new UserDevice(this.kvm, 'A', GSI);
    this.b = new UserDevice(this.kvm, 'B', GSI);
    new GuestIoapic(this.core, this.kvm.ioapic, this.kvm.vcpus).map(GSI, 'level');
    for (const device of [this.a, this.b]) {
      machine.run('setup', requestIrq(this.core, GSI, device.handler, IRQF_SHARED, device.name, device));
    }
    machine.run('setup', this.a.assign());
    stage.begin();
    this.threads.spawn('deassign A', this.a.deassign());
    this.threads.spawn('user space of B', this.userSpace());
    this.threads.spawn('resample B', this.b.resampleForever());
  }

  private *userSpace(): Proc<void> {
    yield* this.b.assign();
    yield* this.b.want(2);
  }

  verdict(): string | undefined {
    const { kvm, b } = this;
    const { ledger, irqfds } = kvm;
    const waiting = this.threads.all.filter(({ step, name }) => step !== undefined && name !== 'resample B');
    if (waiting.length !== 0) return `deadlock: ${waiting.map(({ name }) => name).join()}`;
    if (ledger.unnotified().length !== 0) return 'de-assert without notify';
    if (ledger.orphaned(irqfds).length !== 0) return 'line left asserted with no owner';
    return b.isStarved || b.served !== 2 ? `${b.served} of 2 served` : undefined;
  }
}
