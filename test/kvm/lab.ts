import { earlyIrqInit, type IrqDesc, type IrqHandler, IRQF_SHARED, requestIrq } from '../../src/irq/index.js';
import { GuestIoapic, Kvm, type KvmOptions, type TriggerMode, UserDevice } from '../../src/kvm/index.js';
import { Machine } from '../../src/machine/machine.js';
import type { Procedure } from '../../src/machine/step.js';

/** A guest with two CPUs, KVM under it, and devices in user space. */
export class KvmLab {
  readonly machine = new Machine({ present: 2 });
  readonly core = earlyIrqInit(this.machine, { dynirqLowerBound: 24 });
  readonly kvm: Kvm;
  readonly guest: GuestIoapic;

  constructor(options: KvmOptions = {}) {
    this.kvm = new Kvm(this.machine, this.machine, options);
    this.guest = new GuestIoapic(this.core, this.kvm.ioapic, this.kvm.vcpus);
  }

  /** Runs a procedure, and then everything that follows from it. */
  run<T>(proc: Procedure<T>): T {
    const result = this.machine.run('test', proc);
    this.machine.settle();
    return result;
  }

  /** The guest's driver takes over a pin. */
  request(
    pin: number,
    handler: IrqHandler,
    trigger: TriggerMode = 'level',
    devId: unknown = handler,
  ): IrqDesc {
    if (this.core.desc(pin) === undefined) this.guest.map(pin, trigger);
    const ret = this.run(requestIrq(this.core, pin, handler, IRQF_SHARED, 'device', devId));
    if (ret !== 0) throw new Error(`request_irq of ${pin}: ${ret}`);
    return this.desc(pin);
  }

  desc(irq: number): IrqDesc {
    const desc = this.core.desc(irq);
    if (desc === undefined) throw new Error(`no IRQ ${irq}`);
    return desc;
  }

  /** A device on a line, its guest driver and its thread in user space. */
  device(name: string, gsi: number): UserDevice {
    const device = new UserDevice(this.kvm, name, gsi);
    this.request(gsi, device.handler);
    this.machine.spawn(name, device.resampleForever());
    this.machine.settle();
    return device;
  }

  get log(): string[] {
    return this.machine.log.lines.map((line) => line.text);
  }
}
