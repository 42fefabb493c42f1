import { CpuMask } from '../../src/machine/cpumask.js';
import { formatCpuList, parseCpuList } from '../../src/machine/cpumask-text.js';
import { Machine, type MachineOptions } from '../../src/machine/machine.js';
import type { Procedure } from '../../src/machine/step.js';
import {
  genericHandleIrq,
  handleSimpleIrq,
  IRQ_HANDLED,
  type IrqAffinityDesc,
  type IrqChip,
  earlyIrqInit,
  type IrqCore,
  type IrqCoreOptions,
  type IrqDesc,
  type IrqDomain,
  type IrqDomainOps,
  type IrqFlowHandler,
  type IrqHandler,
  irqCreateMapping,
  irqDataUpdateEffectiveAffinity,
  irqDomainCreateLinear,
  irqMoveIrq,
  irqSetChipAndHandler,
  requestIrq,
} from '../../src/irq/index.js';

/** Vector that `fire` comes through. */
const VECTOR = 200;

export interface LabOptions extends IrqCoreOptions {
  readonly machine?: Partial<MachineOptions>;
}

/** A machine with 4 CPUs, its interrupt layer, and a domain whose chip writes down its callbacks. */
export class Lab {
  readonly machine: Machine;
  readonly core: IrqCore;
  readonly calls: string[] = [];
  private firing: () => void = () => {};

  constructor(options: LabOptions = {}) {
    this.machine = new Machine({ present: 4, ...options.machine });
    this.core = earlyIrqInit(this.machine, { dynirqLowerBound: 24, ...options });
    this.machine.setVectorHandler(VECTOR, { handleInterrupt: () => this.firing() });
  }

  /** A chip with everything that most tests need: mask, unmask, ack, eoi, affinity. */
  chip(more: Partial<IrqChip> = {}): IrqChip {
    const note = (call: string) => () => void this.calls.push(call);
    return {
      name: 'test',
      irqMask: note('mask'),
      irqUnmask: note('unmask'),
      irqAck: (d) => {
        this.calls.push('ack');
        irqMoveIrq(d);
      },
      irqEoi: note('eoi'),
      irqSetAffinity: (d, dest, force) => {
        this.calls.push(`affinity ${formatCpuList(dest)}${force ? ' force' : ''}`);
        irqDataUpdateEffectiveAffinity(d, CpuMask.of(dest.nrCpuIds, [dest.first()]));
        return 0;
      },
      ...more,
    };
  }

  domain(ops: IrqDomainOps = {}, size = 64): IrqDomain {
    return irqDomainCreateLinear(this.core, { name: 'lab', size, ops });
  }

  /** A mapped line, not requested. */
  line(
    options: {
      chip?: IrqChip;
      flow?: IrqFlowHandler;
      affinity?: IrqAffinityDesc;
      hwirq?: number;
      domain?: IrqDomain;
    } = {},
  ): IrqDesc {
    const { chip = this.chip(), flow = handleSimpleIrq, affinity, hwirq = 1 } = options;
    const map = (_domain: IrqDomain, irq: number): number => {
      irqSetChipAndHandler(this.core, irq, chip, flow, 'edge');
      return 0;
    };
    const domain = options.domain ?? this.domain({ map });
    const irq = irqCreateMapping(domain, hwirq, affinity ?? null);
    if (options.domain) irqSetChipAndHandler(this.core, irq, chip, flow, 'edge');
    return this.desc(irq);
  }

  desc(irq: number): IrqDesc {
    const desc = this.core.desc(irq);
    if (desc === undefined) throw new Error(`no IRQ ${irq}`);
    return desc;
  }

  /** Requests a line; its handler writes down `handler` and the CPU. */
  request(desc: IrqDesc, flags = 0, devId: unknown = 'dev', ret: number = IRQ_HANDLED): number {
    const handler: IrqHandler = () => {
      this.calls.push(`handler@${this.machine.thisCpu}`);
      return ret;
    };
    return this.run(requestIrq(this.core, desc.irq, handler, flags, String(devId), devId));
  }

  run<T>(proc: Procedure<T>): T {
    return this.machine.run('test', proc);
  }

  /** The interrupt comes to `cpu` and all that follows happens. */
  fire(desc: IrqDesc, cpu = 0, times = 1): void {
    this.hardirq(cpu, () => {
      for (let i = 0; i < times; i++) genericHandleIrq(this.core, desc.irq);
    });
    this.machine.settle();
  }

  /** Runs `action` in hard interrupt context on `cpu`. */
  hardirq(cpu: number, action: () => void): void {
    this.firing = action;
    this.machine.cpu(cpu).raise(VECTOR);
  }

  cpus(list: string): CpuMask {
    return parseCpuList(list, this.machine.nrCpuIds);
  }

  down(cpu: number): void {
    this.run(this.machine.hotplug.cpuDown(cpu));
  }

  up(cpu: number): void {
    this.run(this.machine.hotplug.cpuUp(cpu));
  }

  /** What was written down since the last time. */
  take(): string[] {
    return this.calls.splice(0);
  }

  get log(): string[] {
    return this.machine.log.lines.map((line) => line.text);
  }
}
