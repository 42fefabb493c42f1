import type { Cpu } from './cpu.js';
import { SharedObject, type Step } from './step.js';

/** The CPUs that are to stand still. */
export interface StoppedMachine {
  readonly cpus: readonly Cpu[];
  /** Who interleaves contexts; undefined: each runs up to where it sleeps, and so never stands in an interrupt. */
  readonly runner: object | undefined;
}

/**
 * The moment in which one context has all CPUs to itself (kernel/stop_machine.c stop_machine): each runs its stopper
 * with interrupts off, which it does as soon as it is in no interrupt or tasklet and its interrupts are on. In Linux
 * code with preemption off keeps the stopper waiting, too, whether or not its interrupts are on.
 */
export class StopMachine extends SharedObject {
  /** The step of stopping all CPUs; they go on when the block of the step ends. */
  readonly stop: Step = { object: this, kind: 'wait' };

  constructor(private readonly machine: StoppedMachine) {
    super('stop_machine');
  }

  override blocks(): boolean {
    const { cpus, runner } = this.machine;
    return runner !== undefined && cpus.some((cpu) => cpu.online && (cpu.irqsDisabled || cpu.inInterrupt));
  }
}
