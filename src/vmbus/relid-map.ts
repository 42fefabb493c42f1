import type { Hwirq, Irq, Relid } from '../lib/brand.js';
import type { IrqCore } from '../irq/core.js';
import type { IrqChip } from '../irq/irqchip.js';
import { handleSimpleIrq, irqSetChipAndHandler, irqSetHandlerData, irqSetStatusFlags } from '../irq/chip.js';
import { genericHandleIrqDesc } from '../irq/handle.js';
import {
  type IrqDomain,
  irqCreateMapping,
  irqDisposeMapping,
  irqDomainCreateLinear,
  irqDomainRemove,
  irqFindMapping,
  irqResolveMapping,
} from '../irq/irqdomain.js';
import { irqStatus } from '../irq/settings.js';
import { VmbusChannel } from './channel.js';
import { HV_EVENT_FLAGS_COUNT } from './synic.js';

/** Highest relid + 1 (MAX_CHANNEL_RELIDS). Relid 0 is the control path. */
export const MAX_CHANNEL_RELIDS = HV_EVENT_FLAGS_COUNT;

/** A channel's relid is its number in the irqdomain. */
function hwirqOf(relid: Relid): Hwirq {
  return relid as number;
}

/**
 * Relid → channel by way of Linux IRQs: VMBus as an irqdomain of 2,048 hwirqs, a channel's relid being its hwirq
 * (RFC patches 7 and 8, drivers/hv/vmbus_drv.c and channel_mgmt.c). The channel is the IRQ's handler data.
 */
export class IrqdomainRelidMap {
  readonly domain: IrqDomain;
  /** Events for relids that no usable channel has, which the guest ignored. */
  droppedEvents = 0;

  constructor(
    private readonly core: IrqCore,
    chip: IrqChip,
  ) {
    this.domain = irqDomainCreateLinear(core, {
      name: 'hv-vmbus',
      size: MAX_CHANNEL_RELIDS,
      ops: {
        map: (_domain, irq: Irq): number => {
          irqSetChipAndHandler(core, irq, chip, handleSimpleIrq, null);
          return 0;
        },
      },
    });
  }

  /** Gives the channel an IRQ (vmbus_channel_map_relid). False if there is none to be had; then nothing changed. */
  map(channel: VmbusChannel): boolean {
    const irq = irqCreateMapping(this.domain, hwirqOf(channel.relid));
    if (irq === 0) return false;
    irqSetHandlerData(this.core, irq, channel);
    irqSetStatusFlags(this.core, irq, irqStatus.MOVE_PCNTXT);
    channel.irq = irq;
    return true;
  }

  /** Takes the channel's IRQ away; it must have been freed (vmbus_channel_unmap_relid). */
  unmap(channel: VmbusChannel): void {
    irqDisposeMapping(this.core, channel.irq);
    channel.irq = 0;
  }

  /** True if some channel has this relid. */
  isMapped(relid: Relid): boolean {
    return irqFindMapping(this.domain, hwirqOf(relid)) !== 0;
  }

  /** The channel with this relid (relid2channel). */
  relid2channel(relid: Relid): VmbusChannel | undefined {
    const channel = irqResolveMapping(this.domain, hwirqOf(relid))?.data.handlerData;
    return channel instanceof VmbusChannel ? channel : undefined;
  }

  /** Has the channel with this relid handle an event of the host, on the present CPU. */
  dispatch(relid: Relid): void {
    const desc = irqResolveMapping(this.domain, hwirqOf(relid));
    const channel = desc?.handlerData as VmbusChannel | null | undefined;
    if (desc === undefined || channel === null || channel === undefined || channel.rescind) this.droppedEvents += 1;
    else genericHandleIrqDesc(desc);
  }

  /** Gives the domain back; all channels must be unmapped. */
  remove(): void {
    irqDomainRemove(this.domain);
  }
}
