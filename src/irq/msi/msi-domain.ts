import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { IRQ_SET_MASK_OK_DONE } from '../data/irqchip.js';
import type { IrqChip, IrqData, MsiMsg } from '../data/irqdata.js';
import type { IrqCore } from '../data/core.js';
import type { IrqFlowHandler } from '../data/irqdesc.js';
import { type IrqDomain, irqDomainFlags, type IrqDomainOps, irqFindMapping } from '../data/revmap.js';
import { irqChipSetAffinityParent } from '../line/chip-parent.js';
import { irqSetHandler } from '../management/chip.js';
import { irqDomainCreateHierarchy } from '../mapping/create-domain.js';
import { irqDomainAllocIrqsParent, irqDomainFreeIrqsTop } from '../mapping/hierarchy.js';
import { irqDomainSetHwirqAndChip } from '../mapping/hierarchy-data.js';
import type { CpuMask } from '../../machine/cpumask.js';
import { MsiDesc, noMsiMsg } from './msi-desc.js';

/** What a domain of MSIs gives its lines (struct msi_domain_info). */
export interface MsiDomainInfo {
  readonly chip: IrqChip;
  /** null: what the domains nearer to the CPU have set. */
  readonly handler: IrqFlowHandler | null;
  readonly handlerName: string | null;
  /** A line that nobody has requested holds a promise only (MSI_FLAG_MUST_REACTIVATE). */
  readonly mustReactivate: boolean;
  /** A line goes (msi_domain_ops.msi_free). */
  readonly msiFree?: (irq: Irq) => void;
}

/** What goes down the hierarchy with an allocation of MSIs. */
export interface MsiAllocInfo {
  readonly hwirq: Hwirq;
  readonly desc: MsiDesc;
}

/** A domain for the MSIs of a device, or of a whole bus (kernel/irq/msi.c __msi_create_irq_domain). */
export function msiCreateIrqDomain(
  core: IrqCore,
  options: {
    readonly name: string;
    readonly parent: IrqDomain;
    readonly info: MsiDomainInfo;
    readonly flags?: number;
  },
): IrqDomain {
  const { name, parent, info, flags = 0 } = options;
  return irqDomainCreateHierarchy(core, {
    name,
    parent,
    size: 0,
    flags: flags | irqDomainFlags.MSI,
    hostData: info,
    ops: new MsiDomainOps(info),
  });
}

/** The message of a line, as the chip nearest to its device that knows has it (irq_chip_compose_msi_msg). */
export function irqChipComposeMsiMsg(d: IrqData): MsiMsg {
  for (let data: IrqData | null = d; data !== null; data = data.parentData) {
    if (data.chip.irqComposeMsiMsg) return data.chip.irqComposeMsiMsg(data);
  }
  throw new Error(`IRQ ${d.irq}: no chip of its hierarchy can compose its message`);
}

/** Has the parent move the line, and tells the device (kernel/irq/msi.c msi_domain_set_affinity). */
export function msiDomainSetAffinity(d: IrqData, dest: CpuMask, force: boolean): number {
  const ret = irqChipSetAffinityParent(d, dest, force);
  if (ret >= 0 && ret !== IRQ_SET_MASK_OK_DONE) writeMsg(d, irqChipComposeMsiMsg(d));
  return ret;
}

/** What the line's message is; the chip tells the device. */
export function writeMsg(d: IrqData, msg: MsiMsg): void {
  d.chip.irqWriteMsiMsg?.(d, msg);
}

/** @throws Error if the line is not one of a domain of MSIs. */
export function msiDescOf(d: IrqData): MsiDesc {
  if (d.chipData instanceof MsiDesc) return d.chipData;
  throw new Error(`IRQ ${d.irq} is no message of a device`);
}

class MsiDomainOps implements IrqDomainOps {
  constructor(private readonly info: MsiDomainInfo) {}

  alloc(domain: IrqDomain, irq: Irq, count: number, arg: unknown): number {
    const { hwirq, desc } = arg as MsiAllocInfo;
    const { core } = domain;
    if (irqFindMapping(domain, hwirq) !== 0) return errnoValue('EEXIST');
    const ret = irqDomainAllocIrqsParent(domain, irq, count, arg);
    if (ret < 0) return ret;
    const { chip, handler, handlerName } = this.info;
    for (let i = 0; i < count; i++) {
      irqDomainSetHwirqAndChip(domain, irq + i, { hwirq: hwirq + i, chip, chipData: desc });
      if (handler !== null) irqSetHandler(core, irq + i, handler, false, handlerName);
    }
    return 0;
  }

  free(domain: IrqDomain, irq: Irq, count: number): void {
    for (let i = irq; i < irq + count; i++) this.info.msiFree?.(i);
    irqDomainFreeIrqsTop(domain, irq, count);
  }

  activate(_domain: IrqDomain, d: IrqData): number {
    writeMsg(d, irqChipComposeMsiMsg(d));
    return 0;
  }

  deactivate(_domain: IrqDomain, d: IrqData): void {
    writeMsg(d, noMsiMsg);
  }

  debugShow(_domain: IrqDomain, d: IrqData | null, indent: number): string {
    if (d === null || !(d.chipData instanceof MsiDesc)) return '';
    const { addressHi, addressLo, data } = d.chipData.msg;
    const space = ' '.repeat(indent + 1);
    return (
      `\n${space}address_hi: ${hex(addressHi)}\n${space}address_lo: ${hex(addressLo)}\n` +
      `${space}msg_data:   ${hex(data)}\n`
    );
  }
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}
