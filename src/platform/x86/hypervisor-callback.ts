import type { CpuId } from '../../lib/brand.js';
import type { Cpu, InterruptHandler } from '../../machine/cpu.js';
import type { Machine } from '../../machine/machine.js';
import type { Procedure } from '../../machine/step.js';
import type { LineAccounting } from '../line-accounting.js';
import type { DemuxHandler, PerCpuLine } from '../platform.js';

/** Vector that Hyper-V raises for VMBus (HYPERVISOR_CALLBACK_VECTOR). */
export const HYPERVISOR_CALLBACK_VECTOR = 0xf3;

/** The vector that x86 reserves for the hypervisor on each CPU: no Linux IRQ; the HYP row counts it. */
export class HypervisorCallback implements PerCpuLine, InterruptHandler {
  /** Whether Hyper-V is there and has been asked for interrupts. */
  isSetUp = false;
  private handler: DemuxHandler | undefined;

  constructor(
    private readonly machine: Machine,
    private readonly counts: Uint32Array,
    private readonly accounting: LineAccounting,
  ) {}

  /** hv_setup_vmbus_handler. */
  *setup(handler: DemuxHandler): Procedure<number> {
    this.handler = handler;
    this.isSetUp = true;
    this.machine.setVectorHandler(HYPERVISOR_CALLBACK_VECTOR, this);
    return 0;
  }

  /** hv_remove_vmbus_handler: the vector stays, and so does its row. */
  *remove(): Procedure<void> {
    this.handler = undefined;
  }

  enable(): void {}

  disable(): void {}

  raise(cpu: CpuId): void {
    this.machine.cpus[cpu].raise(HYPERVISOR_CALLBACK_VECTOR);
  }

  /** sysvec_hyperv_callback; as of RFC patch 9 it counts only what the handler wants counted. */
  handleInterrupt(cpu: Cpu): void {
    if (this.handler === undefined) return;
    if (this.accounting.counts(this.handler(cpu))) this.counts[cpu.id] += 1;
  }
}
