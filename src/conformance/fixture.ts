import type { CpuId } from '../lib/brand.js';
import { errnoValue } from '../lib/errno.js';
import {
  allocDescs,
  disableIrqNosync,
  genericHandleDomainIrq,
  genericHandleIrq,
  IRQ_HANDLED,
  IRQ_NONE,
  earlyIrqInit,
  type IrqCore,
  type IrqDomain,
  type IrqHandler,
  irqSetChip,
  type KernelVersion,
  type ThreadFn,
} from '../irq/index.js';
import type { CpuMask } from '../machine/cpumask.js';
import { parseCpuList } from '../machine/cpumask-text.js';
import { Machine } from '../machine/machine.js';
import { named, platformChip, Recorder } from './fixture-chips.js';

/** CPUs of a recorded machine, in the kernel's list format. */
export interface RecordedCpus {
  readonly possible: string;
  readonly present?: string;
  readonly online?: string;
  readonly nr_cpu_ids: number;
}

export interface FixtureOptions {
  readonly kernel: KernelVersion;
  readonly cpus: RecordedCpus;
  readonly nrIrqs: number;
  /** Lines there were before, of the machine itself. */
  readonly allocated: readonly number[];
  /** CPUs kept free of managed interrupts. */
  readonly isolated?: string;
}

/** Vector through which the recordings' interrupts come. */
const FIRE_VECTOR = 0xf2;
/** The x86 cascade, the only one of the machine's own lines without an affinity setter. */
const CASCADE = 2;

/** How a handler of the recordings behaves. */
export class FixtureAction {
  calls = 0;
  nest = 0;
  disableIn = false;

  constructor(
    readonly irq: number,
    readonly dev: number,
    public ret: number,
    readonly threadRet: number,
    /** HANDLED once in so many calls; 0: always what `ret` says. */
    readonly every: number,
  ) {}
}

/** The recordings' test module on a fresh machine: fake chips and domains, and what it was asked to do. */
export class Fixture {
  readonly machine: Machine;
  readonly core: IrqCore;
  readonly recorder = new Recorder();
  readonly domains = new Map<number, IrqDomain>();
  /** The latest action that was requested for each line and device. */
  readonly actions = new Map<string, FixtureAction>();
  private fireTarget: { irq: number } | { domain: IrqDomain; hwirq: number } = { irq: 0 };
  private fireCount = 0;
  private fireRet = 0;

  constructor(options: FixtureOptions) {
    const { cpus } = options;
    const list = (text: string): CpuMask => parseCpuList(text, cpus.nr_cpu_ids);
    this.machine = new Machine({
      possible: cpus.nr_cpu_ids,
      present: list(cpus.present ?? cpus.possible).weight,
      online: list(cpus.online ?? cpus.possible),
      isolated: options.isolated === undefined ? [] : list(options.isolated),
    });
    this.core = earlyIrqInit(this.machine, {
      kernel: options.kernel,
      nrIrqs: options.nrIrqs,
      dynirqLowerBound: 24,
      debugHotplug: true,
      noRatelimit: true,
    });
    for (const irq of options.allocated) {
      allocDescs(this.core, irq, irq, 1);
      irqSetChip(this.core, irq, platformChip('IO-APIC', irq !== CASCADE));
    }
    this.machine.setVectorHandler(FIRE_VECTOR, { handleInterrupt: () => this.handleFire() });
  }

  /** A CPU list as commands give it; `none` is the empty one. */
  list(text: string): CpuMask {
    return parseCpuList(text === 'none' ? '' : text, this.machine.nrCpuIds);
  }

  /** Raises an interrupt `count` times on `cpu`, in hard interrupt context, and waits for all that follows. */
  fire(target: { irq: number } | { domain: IrqDomain; hwirq: number }, cpu: CpuId, count: number): number {
    if (!this.machine.online.has(cpu)) return errnoValue('ENODEV');
    this.fireTarget = target;
    this.fireCount = count;
    this.fireRet = 0;
    this.machine.cpu(cpu).raise(FIRE_VECTOR);
    this.machine.settle();
    return this.fireRet;
  }

  private handleFire(): void {
    const target = this.fireTarget;
    for (let i = 0; i < this.fireCount; i++) {
      this.fireRet =
        'irq' in target
          ? genericHandleIrq(this.core, target.irq)
          : genericHandleDomainIrq(target.domain, target.hwirq);
    }
  }

  /** The recordings' hard handler. */
  handlerOf(action: FixtureAction): IrqHandler {
    const { core, machine, recorder } = this;
    return named('il_handler [irqlab_oracle]', (irq: number): number => {
      const cpu = machine.thisCpu;
      const soft = machine.cpu(cpu).hardirq ? '' : '/soft';
      recorder.addHandler(`handler:${action.dev}@cpu${cpu}${soft}`);
      action.calls += 1;
      if (action.disableIn) {
        action.disableIn = false;
        disableIrqNosync(core, irq);
        recorder.addHandler('disabled_in_handler');
      }
      if (action.nest > 0) {
        action.nest -= 1;
        recorder.addHandler('nest{');
        genericHandleIrq(core, irq);
        recorder.addHandler('}nest');
      }
      if (action.every > 0) return action.calls % action.every === 0 ? IRQ_HANDLED : IRQ_NONE;
      return action.ret;
    });
  }

  /** The recordings' thread function. */
  threadOf(action: FixtureAction): ThreadFn {
    const { recorder } = this;
    return named('il_thread [irqlab_oracle]', function* () {
      recorder.addHandler(`thread:${action.dev}`);
      return action.threadRet;
    });
  }
}
