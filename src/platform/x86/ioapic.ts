import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { type Procedure, runAtomic } from '../../machine/step.js';
import type { IrqCore } from '../../irq/core.js';
import type { IrqData } from '../../irq/data/irqdata.js';
import {
  type IrqDomain,
  irqDomainGetIrqData,
  irqResolveMapping,
  type IrqDomainOps,
} from '../../irq/data/revmap.js';
import type { IrqAffinityDesc } from '../../irq/data/irqdesc.js';
import { irqStatus } from '../../irq/data/settings.js';
import { handleEdgeIrq, handleFasteoiIrq } from '../../irq/line/flow.js';
import { irqClearStatusFlags, irqSetHandler, irqSetStatusFlags } from '../../irq/management/chip.js';
import { irqDomainCreateHierarchy } from '../../irq/mapping/create-domain.js';
import {
  irqDomainAllocIrqsParent,
  irqDomainAllocIrqsSteps,
  irqDomainFreeIrqsTop,
} from '../../irq/mapping/hierarchy.js';
import { irqDomainSetHwirqAndChip } from '../../irq/mapping/hierarchy-data.js';
import { IoapicChip } from './ioapic-chip.js';
import { IoapicPin } from './ioapic-pin.js';
import type { IoapicHardware } from './ioapic-pins.js';
import type { LocalApics } from './local-apic.js';
import type { IrqAllocInfo } from './vector-domain.js';
import type { Vectors } from './vectors.js';

/** What an allocation of an IO-APIC's line says beside its pin. */
interface IoapicAllocInfo extends IrqAllocInfo {
  readonly level: boolean;
}

/** A pin that is to get a line. */
export interface PinRequest {
  readonly pin: Hwirq;
  readonly level: boolean;
  /** Its Linux number. */
  readonly irq: Irq;
  /** It is an ISA interrupt whose descriptor and early vector are there already. */
  readonly legacy?: boolean;
  /** Of a managed line: the CPUs on which it has vectors kept for it. */
  readonly affinity?: readonly IrqAffinityDesc[] | null;
}

/** The IO-APIC and its irqdomain (arch/x86/kernel/apic/io_apic.c). */
export class Ioapic implements IrqDomainOps {
  readonly domain: IrqDomain;
  /** Number of pins. */
  readonly pins: number;
  private readonly chip: IoapicChip;
  private readonly apics: LocalApics;

  constructor(
    private readonly core: IrqCore,
    options: {
      /** The vectors, or the remapping before them. */
      readonly parent: IrqDomain;
      readonly remapped: boolean;
      readonly pins: number;
      readonly hardware: IoapicHardware;
      readonly vectors: Vectors;
      readonly apics: LocalApics;
    },
  ) {
    const { parent, pins, hardware, vectors, apics, remapped } = options;
    this.pins = pins;
    this.apics = apics;
    apics.onEoi(hardware);
    this.chip = new IoapicChip(core.behaviour, { hardware, vectors, apics, remapped });
    this.domain = irqDomainCreateHierarchy(core, {
      name: 'IO-APIC-0',
      size: pins,
      parent,
      ops: this,
      fwnode: {},
    });
  }

  /**
   * Gives a pin its line. One that has a line keeps it; the first who asks decides how it is triggered
   * (mp_map_pin_to_irq).
   *
   * @returns the Linux number, or a negative errno: EBUSY if somebody uses the pin otherwise.
   */
  *mapPin({ pin, level, irq, legacy = false, affinity }: PinRequest): Procedure<number> {
    // The timer's number is 0.
    const mapped = irqResolveMapping(this.domain, pin);
    if (mapped !== undefined) return this.agreeOn(mapped.irq, level);
    const info: IoapicAllocInfo = { hwirq: pin, level, legacy };
    return yield* irqDomainAllocIrqsSteps(this.domain, 1, info, { irq, realloc: legacy, affinity });
  }

  /** The same while the machine is being set up, where nobody else can hold a lock. */
  mapPinNow(request: PinRequest): number {
    return runAtomic(this.mapPin(request));
  }

  /** Another IO-APIC is before the driver from now on: it is told of all pins. */
  connect(hardware: IoapicHardware): void {
    this.apics.onEoi(hardware);
    this.chip.connect(hardware);
    for (const { data } of this.core.descs()) if (data.chip === this.chip) this.chip.rewrite(data);
  }

  /** mp_check_pin_attr. */
  private agreeOn(irq: Irq, level: boolean): number {
    const data = irqDomainGetIrqData(this.domain, irq);
    if (data === null || !(data.chipData instanceof IoapicPin)) return errnoValue('EBUSY');
    const pin = data.chipData;
    if (pin.level !== level) {
      if (pin.isClaimed) return errnoValue('EBUSY');
      pin.level = level;
      this.registerHandler(irq, level);
    }
    pin.isClaimed = true;
    return irq;
  }

  /** A level-triggered interrupt ends at the IO-APIC, an edge-triggered one at the local APIC (mp_register_handler). */
  private registerHandler(irq: Irq, level: boolean): void {
    const { core } = this;
    if (level) irqSetStatusFlags(core, irq, irqStatus.LEVEL);
    else irqClearStatusFlags(core, irq, irqStatus.LEVEL);
    const [handler, name] = level ? [handleFasteoiIrq, 'fasteoi'] : [handleEdgeIrq, 'edge'];
    irqSetHandler(core, irq, handler, false, name);
  }

  alloc(domain: IrqDomain, irq: Irq, count: number, arg: unknown): number {
    const info = arg as IoapicAllocInfo;
    if (count > 1) return errnoValue('EINVAL');
    if (irqResolveMapping(domain, info.hwirq) !== undefined) return errnoValue('EEXIST');
    const ret = irqDomainAllocIrqsParent(domain, irq, count, info);
    if (ret < 0) return ret;
    const pin = new IoapicPin(info.hwirq, info.level);
    pin.isClaimed = !info.legacy;
    irqDomainSetHwirqAndChip(domain, irq, { hwirq: info.hwirq, chip: this.chip, chipData: pin });
    this.registerHandler(irq, info.level);
    return 0;
  }

  free(domain: IrqDomain, irq: Irq, count: number): void {
    irqDomainFreeIrqsTop(domain, irq, count);
  }

  activate(_domain: IrqDomain, d: IrqData): number {
    this.chip.configure(d);
    return 0;
  }

  deactivate(_domain: IrqDomain, d: IrqData): void {
    this.chip.maskEntry(d);
  }
}
