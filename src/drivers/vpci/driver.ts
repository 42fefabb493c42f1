import { ErrnoError } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import { devPrintk } from '../dev-printk.js';
import { DEVICE_PARAMETERS, type DeviceParameters } from '../device-parameters.js';
import { inject, injectable, optional } from '../injection.js';
import { DomainNumbers, domainOf } from './domain-numbers.js';
import { HvPciBus } from './bus.js';
import { noPciCore, PCI_CORE, type PciCore } from './pci-core.js';
import { kernLevel } from '../../machine/log.js';

/**
 * PCI buses passed through (drivers/pci/controller/pci-hyperv.c), each a VMBus device whose driverData is its HvPciBus.
 * What is found on them has its interrupts through the bus' irqdomain.
 */
@injectable()
export class VpciDriver implements VmbusDriver {
  readonly name = 'hv_pci';
  readonly module = 'pci_hyperv';
  readonly classIds = [deviceClassId('pci')];
  private readonly domains = new DomainNumbers();

  constructor(
    @inject(ChannelOperations) private readonly operations: ChannelOperations,
    @inject(DEVICE_PARAMETERS) private readonly parameters: DeviceParameters,
    @inject(PCI_CORE) @optional() private readonly core: PciCore = noPciCore,
  ) {}

  /** Gives the bus a PCI domain before the host is spoken to, and takes it back if that fails (hv_pci_probe). */
  *probe(device: VmbusDevice): Procedure<void> {
    const domain = this.allocateDomain(device);
    const bus = new HvPciBus({ driver: this, operations: this.operations, core: this.core, device, domain });
    device.driverData = bus;
    try {
      yield* bus.probe();
    } catch (error) {
      this.forget(device, domain);
      throw error;
    }
  }

  /** hv_pci_remove */
  *remove(device: VmbusDevice): Procedure<void> {
    const bus = busOf(device);
    if (bus === undefined) return;
    yield* bus.remove();
    this.forget(device, bus.number);
  }

  /** hv_pci_suspend */
  *suspend(device: VmbusDevice): Procedure<void> {
    const bus = busOf(device);
    if (bus !== undefined) yield* bus.suspend();
  }

  /** hv_pci_resume */
  *resume(device: VmbusDevice): Procedure<void> {
    const bus = busOf(device);
    if (bus !== undefined) yield* bus.resume();
  }

  private forget(device: VmbusDevice, domain: number): void {
    this.domains.put(domain);
    device.driverData = undefined;
  }

  private allocateDomain(device: VmbusDevice): number {
    const wanted = this.parameters.vpciDomain(device.instanceId) ?? domainOf(device.instanceId);
    const domain = this.domains.get(wanted);
    const name = `0x${wanted.toString(16)}`;
    if (domain === undefined) {
      devPrintk(this, device, `Unable to use dom# ${name} or other numbers`);
      throw new ErrnoError('EINVAL', 'all PCI domains are in use');
    }
    if (domain !== wanted)
      devPrintk(
        this,
        device,
        `PCI dom# ${name} has collision, using 0x${domain.toString(16)}`,
        false,
        kernLevel.INFO,
      );
    return domain;
  }
}

function busOf({ driverData }: VmbusDevice): HvPciBus | undefined {
  return driverData instanceof HvPciBus ? driverData : undefined;
}
