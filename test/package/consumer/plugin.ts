// A third party: a driver, the host's model of its device, and an irqdomain, bound by one module.
import { ContainerModule } from 'inversify';
import {
  callbackMode,
  ChannelOperations,
  type GuestPacket,
  type Guid,
  HOST_BACKEND,
  type HostBackend,
  type HostChannel,
  type HostDeviceServices,
  IRQ_DOMAIN_PLUGIN,
  irq,
  type IrqCore,
  type IrqDomainPlugin,
  type OpenOptions,
  parseGuid,
  type Procedure,
  sleep,
  VMBUS_DRIVER,
  type VmbusDevice,
  type VmbusDriver,
} from 'irqlab';

export const ECHO_CLASS: Guid = parseGuid('6a3f1c52-0b7e-4c7a-9d53-2f4e8b1a7c02');

class EchoDriver implements VmbusDriver {
  readonly name = 'hv_echo';
  readonly classIds = [ECHO_CLASS];

  constructor(private readonly operations: ChannelOperations) {}

  *probe({ channel }: VmbusDevice): Procedure<void> {
    channel.irqName = 'echo';
    channel.callbackMode = callbackMode.isr;
    const options: OpenOptions = { callback: () => {}, ringPages: 2 };
    yield* sleep(1000);
    yield* this.operations.open(channel, options);
  }

  *remove({ channel }: VmbusDevice): Procedure<void> {
    yield* this.operations.close(channel);
  }
}

class EchoBackend implements HostBackend {
  readonly classId = ECHO_CLASS;
  opens = 0;

  opened(_channel: HostChannel, _services: HostDeviceServices): void {
    this.opens += 1;
  }

  packet(channel: HostChannel, { payload, transactionId }: GuestPacket, services: HostDeviceServices): void {
    services.send(channel, payload, transactionId, 0);
  }
}

class Buttons implements IrqDomainPlugin {
  readonly name = 'buttons';

  *attach(core: IrqCore): Procedure<void> {
    const chip: irq.IrqChip = { name: 'BUTTONS', irqMask: () => {}, irqUnmask: () => {} };
    const map = (_domain: irq.IrqDomain, virq: number): number => {
      irq.irqSetChipAndHandler(core, virq, chip, irq.handleSimpleIrq, null);
      return 0;
    };
    const domain = irq.irqDomainCreateLinear(core, { name: this.name, size: 1, ops: { map } });
    const virq = irq.irqCreateMapping(domain, 0);
    yield* irq.requestIrq(core, virq, () => irq.IRQ_HANDLED, 0, 'button', this);
  }
}

export const module = new ContainerModule(({ bind }) => {
  bind(VMBUS_DRIVER).toResolvedValue(
    (operations: ChannelOperations) => new EchoDriver(operations),
    [ChannelOperations],
  );
  bind(HOST_BACKEND).toConstantValue(new EchoBackend());
  bind(IRQ_DOMAIN_PLUGIN).toConstantValue(new Buttons());
});
