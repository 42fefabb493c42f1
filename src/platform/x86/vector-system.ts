import { ErrnoError } from '../../lib/errno.js';
import type { Cpu } from '../../machine/cpu.js';
import type { DyingCallback } from '../../machine/hotplug.js';
import type { IrqCore } from '../../irq/core.js';
import type { IrqDomain } from '../../irq/data/revmap.js';
import { LocalApics } from './local-apic.js';
import { createVectorDomain, NR_IRQS_LEGACY, PIC_CASCADE_IR } from './vector-domain.js';
import { isaIrqVector } from './vector-numbers.js';
import { Vectors } from './vectors.js';

/** The local APICs of a machine with their vectors and the irqdomain that gives them, as CPUs come and go. */
export class VectorSystem implements DyingCallback {
  readonly apics: LocalApics;
  readonly vectors: Vectors;
  readonly domain: IrqDomain;

  /** @param pic the machine has a PIC: its interrupts have vectors before anybody asks for them. */
  constructor(
    private readonly core: IrqCore,
    pic: boolean,
  ) {
    const { machine } = core;
    this.apics = new LocalApics(machine, core);
    this.vectors = new Vectors(core, this.apics);
    this.domain = createVectorDomain(core, this.vectors, this.apics);
    this.bringUp(pic);
    machine.hotplug.registerDying(this);
    machine.hotplug.registerStarting((cpu) => this.starting(cpu));
  }

  /** lapic_assign_system_vectors on the boot CPU, lapic_online on the others. */
  private bringUp(pic: boolean): void {
    const { online } = this.core.machine;
    const { matrix } = this.vectors;
    const boot = online.first();
    if (pic) matrix.assignSystem(boot, isaIrqVector(PIC_CASCADE_IR), false);
    for (const cpu of online) matrix.online(cpu);
    if (!pic) return;
    for (let irq = 0; irq < NR_IRQS_LEGACY; irq++) {
      if (irq !== PIC_CASCADE_IR) matrix.assign(boot, isaIrqVector(irq));
    }
  }

  /**
   * Refuses to take a CPU offline whose vectors would find no room elsewhere (lapic_can_unplug_cpu).
   *
   * @throws ErrnoError ENOSPC if the other CPUs have no room for this one's vectors.
   */
  prepare({ id }: Cpu): void {
    const { matrix } = this.vectors;
    const { log } = this.core.machine;
    const used = matrix.allocated(id);
    const available = matrix.available(id);
    if (available < used) {
      log.prWarn(`CPU ${id} has ${used} vectors, ${available} available. Cannot disable CPU`);
      throw new ErrnoError(
        'ENOSPC',
        `CPU ${id} has ${used} vectors and the others have room for ${available}`,
      );
    }
    const reserved = matrix.globalReserved;
    if (available < reserved) {
      log.prWarn(`Reserved vectors ${reserved} > available ${available}. IRQ request may fail`);
    }
  }

  /** The CPU's interrupts have moved away (lapic_offline). */
  dying({ id }: Cpu): void {
    this.vectors.moves.cleanUpAll(id);
    this.vectors.matrix.offline(id);
  }

  /** lapic_online. */
  private starting({ id }: Cpu): void {
    this.vectors.matrix.online(id);
    this.apics.forgetVectors(id);
  }
}
