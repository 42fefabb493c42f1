import type { CpuId } from '../../lib/brand.js';
import { Fifo } from '../../lib/fifo.js';
import type { Cpu, InterruptHandler } from '../../machine/cpu.js';
import type { Machine } from '../../machine/machine.js';

/** A line that sends interrupts to CPUs. */
export interface Sender {
  /** The CPU takes an interrupt of the line now. */
  taken(): void;
}

/**
 * The vector that all these lines come by, which no device has otherwise: on x86 the last of those for exceptions, on
 * arm64 the last PPI, where older cores had their legacy interrupt line.
 */
export const DEVICE_VECTOR = 0x1f;

/**
 * Interrupts of devices that CPUs have been sent and have not taken yet: what a local APIC's IRR holds, or a GIC's CPU
 * interface. Each line is in it once for each CPU. A CPU takes them in the order in which they came.
 */
export class LineDelivery implements InterruptHandler {
  private readonly sent: readonly Fifo<Sender>[];

  constructor(private readonly machine: Machine) {
    this.sent = machine.cpus.map(() => new Fifo());
  }

  /** Installs the vector. Before the first line sends. */
  install(): void {
    this.machine.setVectorHandler(DEVICE_VECTOR, this);
  }

  /** Sends an interrupt of `line` to a CPU that is online: taken before this returns, unless it cannot be now. */
  send(line: Sender, cpu: CpuId): void {
    this.sent[cpu].push(line);
    this.machine.cpus[cpu].raise(DEVICE_VECTOR);
  }

  handleInterrupt(cpu: Cpu): void {
    const waiting = this.sent[cpu.id];
    const line = waiting.shift();
    // Another interrupt of its own; it comes when this one is over.
    if (waiting.size > 0) cpu.raise(DEVICE_VECTOR);
    line?.taken();
  }
}
