import type { CpuId } from '../../lib/brand.js';
import { irqd } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { irqSettingsIsLevel } from '../../irq/data/settings.js';
import { handleSimpleIrq } from '../../irq/line/flow.js';
import type { LineHardware } from '../../platform/line-hardware.js';
import type { LineDevice } from './line-device.js';

/** What became of the interrupts that a line's devices asked for: raised = delivered + coalesced + lost + waiting. */
export interface LineCounts {
  /** Times that a device asked for an interrupt. */
  readonly raised: number;
  /** Edges that a CPU took; levels that a handler answered. */
  readonly delivered: number;
  /** Those that joined one that was under way already. */
  readonly coalesced: number;
  /** Edges that a masked pin ignored, or that no CPU was there for; those given up with their device. */
  readonly lost: number;
  /** Those under way: held back by a mask, sent to a CPU, or still asserted. */
  readonly waiting: number;
}

/** The devices of one line, which assert it together, and what became of what they asked for. */
export class Wire {
  readonly devices: LineDevice[] = [];
  private raised = 0;
  private coalesced = 0;
  private lost = 0;
  /** Devices that assert a level. */
  private asserted = 0;

  constructor(
    readonly desc: IrqDesc,
    private readonly hardware: LineHardware,
  ) {}

  get counts(): LineCounts {
    const { raised, coalesced, lost } = this;
    // A level that a CPU has been sent is one that is still asserted.
    const waiting = this.isLevel ? this.asserted : this.hardware.waiting;
    return { raised, delivered: raised - coalesced - lost - waiting, coalesced, lost, waiting };
  }

  /** A demultiplexer calls the simple flow handler: each interrupt is an event of its own. */
  get isLevel(): boolean {
    return irqSettingsIsLevel(this.desc) && this.desc.handleIrq !== handleSimpleIrq && !this.isPerCpu;
  }

  get isPerCpu(): boolean {
    return this.desc.data.has(irqd.PER_CPU);
  }

  /** `device` wants service. @param cpu whose line it is, of a per-CPU line. */
  raise(device: LineDevice, cpu: CpuId | undefined): void {
    this.raised += 1;
    if (!this.isLevel) {
      const fate = this.hardware.edge(cpu);
      if (fate === 'joined') this.coalesced += 1;
      if (fate === 'lost') this.lost += 1;
    } else if (device.isAsserting) {
      this.coalesced += 1;
    } else {
      device.isAsserting = true;
      this.asserted += 1;
      this.hardware.drive(true);
    }
  }

  /** A handler has had the device lower its line; `given up`: nobody ever will. */
  lower(device: LineDevice, how: 'served' | 'given up'): void {
    if (!device.isAsserting) return;
    device.isAsserting = false;
    this.asserted -= 1;
    if (how === 'given up') this.lost += 1;
    if (this.asserted === 0) this.hardware.drive(false);
  }

  /** The line's devices are gone. */
  cut(): void {
    for (const device of this.devices) this.lower(device, 'given up');
  }
}
