// A third party's VMBus driver, with an event of its own that can be traced, and a third party's irqdomain, bound by one
// inversify module. Classes with decorators have to be compiled; npm run build does it for this one.
//
//   $ irqlab run examples/plugin-driver/sensor.yaml --plugin dist/examples/plugin-driver/plugin.js
//   $ irqlab run examples/plugin-driver/sensor.yaml --trace s.txt --plugin dist/examples/plugin-driver/plugin.js
import { ContainerModule, inject, injectable } from 'inversify';
import {
  ChannelOperations,
  IRQ_DOMAIN_PLUGIN,
  irq,
  type IrqCore,
  type IrqDomainPlugin,
  type Procedure,
  parseGuid,
  rec,
  TRACE_EVENT,
  TraceEvent,
  u32,
  VMBUS_DRIVER,
  type VmbusDevice,
  type VmbusDriver,
} from 'irqlab';

/** Class id of the devices that the driver is for. */
export const SENSOR_CLASS = '6a3f1c52-0b7e-4c7a-9d53-2f4e8b1a7c01';

/** Told of each reading: `sensor:sensor_reading` in set_event, in `--events` and in `vm.trace`. */
export const sensorReading = new TraceEvent(
  'sensor',
  'sensor_reading',
  { relid: u32, reading: u32 },
  'relid=%u reading=%u',
  [rec('relid'), rec('reading')],
);

/** Counts how often its devices' host had something to say. */
@injectable()
export class SensorDriver implements VmbusDriver {
  readonly name = 'hv_sensor';
  readonly classIds = [parseGuid(SENSOR_CLASS)];
  readonly readings = new Map<number, number>();

  constructor(@inject(ChannelOperations) private readonly operations: ChannelOperations) {}

  *probe({ channel }: VmbusDevice): Procedure<void> {
    channel.irqName = `sensor${this.readings.size}`;
    this.readings.set(channel.relid, 0);
    yield* this.operations.open(channel, {
      callback: () => this.read(channel),
    });
  }

  private read({ relid, machine }: VmbusDevice['channel']): void {
    const reading = (this.readings.get(relid) ?? 0) + 1;
    this.readings.set(relid, reading);
    machine.tracePort?.emit(sensorReading, { relid, reading });
  }

  *remove({ channel }: VmbusDevice): Procedure<void> {
    yield* this.operations.close(channel);
    this.readings.delete(channel.relid);
  }
}

/** An interrupt controller with four buttons: a chip, a linear domain, and a handler for each button. */
@injectable()
export class ButtonDomain implements IrqDomainPlugin {
  readonly name = 'buttons';
  private domain: irq.IrqDomain | undefined;

  *attach(core: IrqCore): Procedure<void> {
    const chip: irq.IrqChip = { name: 'BUTTONS', irqMask: () => {}, irqUnmask: () => {} };
    this.domain = irq.irqDomainCreateLinear(core, {
      name: this.name,
      size: 4,
      ops: {
        map: (_domain, number) => {
          irq.irqSetChipAndHandler(core, number, chip, irq.handleSimpleIrq, null);
          return 0;
        },
      },
    });
    for (let button = 0; button < 4; button++) {
      const number = irq.irqCreateMapping(this.domain, button);
      yield* irq.requestIrq(core, number, () => irq.IRQ_HANDLED, 0, `button${button}`, this);
    }
  }

  /** Presses a button on the present CPU. */
  press(button: number): void {
    if (this.domain !== undefined) irq.genericHandleDomainIrq(this.domain, button);
  }
}

/** `Guest.create(options, { modules: [pluginModule] })` has both. */
export const pluginModule = new ContainerModule(({ bind }) => {
  bind(SensorDriver).toSelf().inSingletonScope();
  bind(VMBUS_DRIVER).toService(SensorDriver);
  bind(TRACE_EVENT).toConstantValue(sensorReading.plain);
  bind(ButtonDomain).toSelf().inSingletonScope();
  bind(IRQ_DOMAIN_PLUGIN).toService(ButtonDomain);
});

export default pluginModule;
