import type { CpuId, Hwirq, Irq, Relid } from '../../lib/brand.js';
import { ErrnoError, errnoCode } from '../../lib/errno.js';
import { CpuMask } from '../../machine/cpumask.js';
import { Statistic } from '../../machine/shared-var.js';
import type { Procedure } from '../../machine/step.js';
import {
  irqSetAffinityUnderLock,
  irqSetAffinityAndHintSteps,
  irqUpdateAffinityHintSteps,
} from '../../irq/affinity/affinity.js';
import { handleSimpleIrq } from '../../irq/line/flow.js';
import { irqSetChipAndHandler, irqSetHandlerData, irqSetStatusFlags } from '../../irq/management/chip.js';
import type { IrqCore } from '../../irq/core.js';
import { freeIrq } from '../../irq/management/free.js';
import { genericHandleIrqDesc, genericHandleIrqDescSteps } from '../../irq/line/handle.js';
import type { IrqChip } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import {
  type IrqDomain,
  irqFindMapping,
  irqResolveMapping,
  irqResolveMappingSteps,
} from '../../irq/data/revmap.js';
import { irqDomainCreateLinear, irqDomainRemove } from '../../irq/mapping/create-domain.js';
import { allocDescsSteps } from '../../irq/mapping/alloc-descs.js';
import {
  irqCreateMappingSteps,
  irqDisposeMappingSteps,
  irqDomainAssociateSteps,
} from '../../irq/mapping/irqdomain.js';
import { requestIrq } from '../../irq/management/request.js';
import { irqStatus } from '../../irq/data/settings.js';
import type { VmbusChannel } from '../channel/channel.js';
import { vmbusChanHandler } from '../channel/handler.js';
import { MAX_CHANNEL_RELIDS, type RelidMap } from '../relid-map.js';
import { traceChanSched } from '../trace.js';
import type { ChannelLifetime } from './lifetime.js';

/** A channel's relid is its number in the irqdomain. */
function hwirqOf(relid: Relid): Hwirq {
  return relid as number;
}

/** The irqdomain of channels' interrupts (RFC patch 7). */
export function createVmbusDomain(core: IrqCore, chip: IrqChip): IrqDomain {
  return irqDomainCreateLinear(core, {
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

/**
 * Relid → channel by way of Linux IRQs: VMBus as an irqdomain of 2,048 hwirqs, a channel's relid being its hwirq.
 * Compared with RFC patches 7 to 9 (drivers/hv/vmbus_drv.c and channel_mgmt.c). The channel is the IRQ's handler data.
 *
 * ```
 * unmap                                  event on another CPU
 * free_irq, waiting for handlers         desc of the relid?  → its handlers
 * dispose the mapping
 * ```
 * Forbidden: the number goes to another channel while the handler of the old one is there (races/rescind-reuse).
 */
export class IrqdomainRelidMap implements RelidMap {
  readonly domain: IrqDomain;
  readonly countsChannels = true;
  /** Numbers that channels to come are to have. */
  private readonly kept = new Map<Relid, Irq>();
  private readonly dropped = new Statistic('events that the guest dropped');

  /** @param domain where the channels' lines are; default: one of this connection's own. */
  constructor(
    protected readonly core: IrqCore,
    chip: IrqChip,
    private readonly lifetime: ChannelLifetime,
    domain = createVmbusDomain(core, chip),
  ) {
    this.domain = domain;
  }

  get droppedEvents(): number {
    return this.dropped.value;
  }

  /**
   * Keeps a number, which nothing may have yet, for the next channel of this relid.
   *
   * @returns a negative errno if it is not free.
   */
  *keepIrq(relid: Relid, irq: Irq): Procedure<number> {
    const ret = yield* allocDescsSteps(this.core, irq, irq, 1);
    if (ret >= 0) this.kept.set(relid, irq);
    return ret;
  }

  /** Gives the channel an IRQ. */
  *map(channel: VmbusChannel): Procedure<boolean> {
    const irq = yield* this.numberFor(channel.relid);
    if (irq === 0) return false;
    // Who has found the line in the reverse map asks it for its channel without its lock.
    this.domain.announceChange(hwirqOf(channel.relid));
    irqSetHandlerData(this.core, irq, channel);
    yield* this.setUpLine(irq);
    channel.irq = irq;
    return true;
  }

  private *numberFor(relid: Relid): Procedure<Irq> {
    const irq = this.kept.get(relid);
    if (irq === undefined) return yield* irqCreateMappingSteps(this.domain, hwirqOf(relid));
    this.kept.delete(relid);
    yield* irqDomainAssociateSteps(this.domain, irq, hwirqOf(relid));
    return irq;
  }

  /** What the line of a channel gets besides; in one go, for nobody else has the new line yet. */
  protected *setUpLine(irq: Irq): Procedure<void> {
    irqSetStatusFlags(this.core, irq, irqStatus.MOVE_PCNTXT);
  }

  *unmap(channel: VmbusChannel): Procedure<void> {
    yield* this.freeIrq(channel);
    yield* this.dispose(channel);
  }

  /** Requests the channel's IRQ and has it go to the channel's target CPU (RFC patch 9). */
  *requestIrq(channel: VmbusChannel): Procedure<void> {
    const { irq, relid, machine } = channel;
    // The RFC frees the interrupt only with the channel, so a channel that is opened again still has it.
    yield* this.freeIrq(channel);
    let ret = yield* requestIrq(this.core, irq, vmbusChanHandler, 0, channel.irqName, channel);
    if (ret !== 0) {
      machine.log.prErr(`hv_vmbus: request_irq failed with ${ret} for relid ${relid} irq ${irq}`);
      throw new ErrnoError(errnoCode(ret), `IRQ ${irq} of channel ${relid} cannot be requested`);
    }
    channel.irqRequested = true;
    const target = CpuMask.of(machine.nrCpuIds, [channel.targetCpu]);
    ret = yield* irqSetAffinityAndHintSteps(this.core, irq, target);
    if (ret === 0) return;
    machine.log.prErr(`hv_vmbus: irq_set_affinity_and_hint failed with ${ret} for relid ${relid} irq ${irq}`);
    yield* this.freeIrq(channel);
    throw new ErrnoError(
      errnoCode(ret),
      `IRQ ${irq} of channel ${relid} cannot go to CPU ${channel.targetCpu}`,
    );
  }

  isMapped(relid: Relid): boolean {
    this.domain.announceLook(hwirqOf(relid));
    return irqFindMapping(this.domain, hwirqOf(relid)) !== 0;
  }

  relid2channel(relid: Relid): VmbusChannel | undefined {
    this.domain.announceLook(hwirqOf(relid));
    return this.channelOf(irqResolveMapping(this.domain, hwirqOf(relid)));
  }

  *dispatchSteps(relid: Relid): Procedure<void> {
    const { lifetime } = this;
    const section = yield* lifetime.enterEventSteps();
    const desc = yield* irqResolveMappingSteps(this.domain, hwirqOf(relid));
    const channel = yield* lifetime.getForEventSteps(this.channelOf(desc));
    if (desc === undefined || channel === undefined) this.dropped.count();
    else {
      if (yield* channel.loadRescindSteps('vmbus_chan_sched')) this.dropped.count();
      else {
        traceChanSched(this.core.machine, channel);
        yield* this.handleSteps(desc);
      }
      yield* lifetime.putForEventSteps(channel);
    }
    yield* lifetime.leaveEventSteps(section);
  }

  /** Generated by `npm run twins`: `dispatchSteps` in one go. */
  dispatch(relid: Relid): void {
    const { lifetime } = this;
    const section = lifetime.enterEvent();
    const desc = irqResolveMapping(this.domain, hwirqOf(relid));
    const channel = lifetime.getForEvent(this.channelOf(desc));
    if (desc === undefined || channel === undefined) this.dropped.count();
    else {
      if (channel.loadRescind('vmbus_chan_sched')) this.dropped.count();
      else {
        traceChanSched(this.core.machine, channel);
        this.handle(desc);
      }
      lifetime.putForEvent(channel);
    }
    lifetime.leaveEvent(section);
  }

  /** The line's interrupt has come to this CPU. */
  protected *handleSteps(desc: IrqDesc): Procedure<void> {
    yield* genericHandleIrqDescSteps(desc);
  }

  /** Generated by `npm run twins`: `handleSteps` in one go. */
  protected handle(desc: IrqDesc): void {
    genericHandleIrqDesc(desc);
  }

  *moved(): Procedure<void> {}

  setTargetCpu({ irq, machine }: VmbusChannel, cpu: CpuId): number {
    return irqSetAffinityUnderLock(this.core, irq, CpuMask.of(machine.nrCpuIds, [cpu]));
  }

  remove(): void {
    irqDomainRemove(this.domain);
  }

  *freeIrq(channel: VmbusChannel): Procedure<void> {
    if (!channel.irqRequested) return;
    channel.irqRequested = false;
    yield* irqUpdateAffinityHintSteps(this.core, channel.irq, null);
    yield* freeIrq(this.core, channel.irq, channel);
  }

  protected *dispose(channel: VmbusChannel): Procedure<void> {
    yield* irqDisposeMappingSteps(this.core, channel.irq);
    channel.irq = 0;
  }

  /** `map` has set the handler data of each line but the control messages', which has none. */
  private channelOf(desc: IrqDesc | undefined): VmbusChannel | undefined {
    return (desc?.handlerData ?? undefined) as VmbusChannel | undefined;
  }
}

/**
 * The mapping goes before the handler does, against the rule of irq_dispose_mapping: the IRQ's number is free at once,
 * and free_irq works on whoever has it then.
 */
export class DisposeFirstRelidMap extends IrqdomainRelidMap {
  override *unmap(channel: VmbusChannel): Procedure<void> {
    const { irq } = channel;
    yield* this.dispose(channel);
    if (!channel.irqRequested) return;
    channel.irqRequested = false;
    yield this.core.sparseIrqs.lookUp(irq);
    yield* freeIrq(this.core, irq, channel);
  }
}
