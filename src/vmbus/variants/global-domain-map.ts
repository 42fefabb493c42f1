import type { Irq, Relid } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../../irq/core.js';
import type { IrqChip } from '../../irq/data/irqdata.js';
import type { IrqDomain } from '../../irq/data/revmap.js';
import { irqStatus } from '../../irq/data/settings.js';
import { irqSetChipSteps, irqSetStatusFlagsSteps } from '../../irq/management/chip.js';
import type { VmbusChannel } from '../channel/channel.js';
import { createVmbusDomain, IrqdomainRelidMap } from './irqdomain-map.js';
import type { ChannelLifetime } from './lifetime.js';

const domains = new WeakMap<IrqCore, IrqDomain>();

/** The one domain that all connections of a kernel have. */
function globalDomain(core: IrqCore, chip: IrqChip): IrqDomain {
  const domain = domains.get(core) ?? createVmbusDomain(core, chip);
  domains.set(core, domain);
  return domain;
}

/**
 * Relid → channel as IrqdomainRelidMap, with one irqdomain for all VMBus connections of the guest: the other answer to an
 * open question of the RFC's cover letter. No kernel has more than one connection, so nothing was posted to compare it
 * with; irq_create_mapping and request_irq do what they do for any driver.
 *
 * ```
 * connection 1 maps relid 5              connection 2 maps relid 5
 * irq_create_mapping: IRQ 5, new         irq_create_mapping: IRQ 5, which is there
 * handler data = its channel             handler data = its channel
 * ```
 * Forbidden: two channels have one line. It is not if the host gives each relid once in the whole VM.
 */
export class GlobalDomainRelidMap extends IrqdomainRelidMap {
  private readonly mapped = new Set<Relid>();

  constructor(
    core: IrqCore,
    private readonly chip: IrqChip,
    lifetime: ChannelLifetime,
  ) {
    super(core, chip, lifetime, globalDomain(core, chip));
  }

  override *map(channel: VmbusChannel): Procedure<boolean> {
    if (!(yield* super.map(channel))) return false;
    this.mapped.add(channel.relid);
    return true;
  }

  /** With its lock: the line may be another connection's, too. */
  protected override *setUpLine(irq: Irq): Procedure<void> {
    yield* irqSetStatusFlagsSteps(this.core, irq, irqStatus.MOVE_PCNTXT);
    // Only its own connection can have the host move a channel.
    yield* irqSetChipSteps(this.core, irq, this.chip);
  }

  /** Relids of another connection are none that the host must not offer. */
  override isMapped(relid: Relid): boolean {
    return this.mapped.has(relid) && super.isMapped(relid);
  }

  protected override *dispose(channel: VmbusChannel): Procedure<void> {
    this.mapped.delete(channel.relid);
    yield* super.dispose(channel);
  }

  /** The domain stays for the other connections. */
  override remove(): void {
    this.mapped.clear();
  }
}
