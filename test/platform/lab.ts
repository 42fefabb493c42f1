import type { CpuId, Irq } from '../../src/lib/brand.js';
import { irqSetAffinity } from '../../src/irq/affinity/affinity.js';
import { earlyIrqInit, type IrqCore, type IrqCoreOptions } from '../../src/irq/core.js';
import { freeIrq } from '../../src/irq/management/free.js';
import { genericHandleIrqDesc } from '../../src/irq/line/handle.js';
import { IRQ_HANDLED, type IrqHandler } from '../../src/irq/data/irqaction.js';
import { irqd } from '../../src/irq/data/irqdata.js';
import type { IrqDesc } from '../../src/irq/data/irqdesc.js';
import { requestIrq } from '../../src/irq/management/request.js';
import { formatCpuList, parseCpuList } from '../../src/machine/cpumask-text.js';
import { Machine, type MachineOptions } from '../../src/machine/machine.js';
import { Arm64Platform } from '../../src/platform/arm64/platform.js';
import type { DeviceInterrupt, Platform } from '../../src/platform/platform.js';
import { X86Platform } from '../../src/platform/x86/platform.js';

/** Vector that `fire` comes through. */
const VECTOR = 0xf2;

export interface LabOptions extends IrqCoreOptions {
  readonly machine?: Partial<MachineOptions>;
}

/** A machine with 4 CPUs, its interrupt layer and an architecture. */
export class Lab<P extends Platform> {
  readonly machine: Machine;
  readonly core: IrqCore;
  readonly platform: P;
  private line: IrqDesc | undefined;

  constructor(make: (machine: Machine, core: IrqCore) => P, options: LabOptions = {}) {
    this.machine = new Machine({ present: 4, ...options.machine });
    this.core = earlyIrqInit(this.machine, options);
    this.platform = make(this.machine, this.core);
    this.machine.setVectorHandler(VECTOR, {
      handleInterrupt: () => this.line !== undefined && genericHandleIrqDesc(this.line),
    });
  }

  static x86(options: LabOptions = {}): Lab<X86Platform> {
    return new Lab((machine, core) => new X86Platform(machine, core), { dynirqLowerBound: 24, ...options });
  }

  static arm64(options: LabOptions = {}): Lab<Arm64Platform> {
    return new Lab((machine, core) => new Arm64Platform(machine, core), {
      genericPendingIrq: false,
      ...options,
    });
  }

  add(interrupt: Partial<DeviceInterrupt> & { irq: Irq }): IrqDesc {
    const { irq } = interrupt;
    this.machine.run(
      'add',
      this.platform.addInterrupt({
        chip: 'PCI-MSI',
        hwirq: irq as number,
        flow: 'edge',
        trigger: 'edge',
        name: `dev${irq}`,
        ...interrupt,
      }),
    );
    return this.desc(irq);
  }

  desc(irq: Irq): IrqDesc {
    const desc = this.core.desc(irq);
    if (desc === undefined) throw new Error(`no IRQ ${irq}`);
    return desc;
  }

  request(irq: Irq, devId: unknown, handler: IrqHandler = () => IRQ_HANDLED, flags = 0): number {
    return this.machine.run('request', requestIrq(this.core, irq, handler, flags, `dev${irq}`, devId));
  }

  free(irq: Irq, devId: unknown): void {
    this.machine.run('free', freeIrq(this.core, irq, devId));
  }

  /** The device raises its interrupt, which comes to the CPU that it is effective on. */
  fire(desc: IrqDesc): CpuId {
    const cpu = desc.data.effectiveAffinity.first();
    const hardware = this.platform.lineHardware?.(desc);
    // No handler here serves a device, so a level would come again for ever.
    if (hardware === undefined || desc.data.has(irqd.LEVEL)) {
      this.line = desc;
      this.machine.cpu(cpu).raise(VECTOR);
    } else {
      hardware.edge();
    }
    this.machine.settle();
    return cpu;
  }

  setAffinity(desc: IrqDesc, list: string): number {
    return irqSetAffinity(this.core, desc.irq, parseCpuList(list, this.machine.nrCpuIds));
  }

  effective(desc: IrqDesc): string {
    return formatCpuList(desc.data.effectiveAffinity);
  }

  affinity(desc: IrqDesc): string {
    return formatCpuList(desc.data.affinity);
  }

  down(cpu: CpuId): void {
    this.machine.run('down', this.machine.hotplug.cpuDown(cpu));
  }

  up(cpu: CpuId): void {
    this.machine.run('up', this.machine.hotplug.cpuUp(cpu));
  }

  get log(): string[] {
    return this.machine.log.lines.splice(0).map((line) => line.text);
  }
}
