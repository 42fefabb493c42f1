import { ContainerModule } from 'inversify';
import { HyperV } from '../host/hyperv.js';
import { IrqCore } from '../irq/core.js';
import type { ResamplerLifetimeFactory } from '../kvm/resampler-lifetime.js';
import { HungTaskDetector } from '../machine/hung-task.js';
import { PLATFORM, type Platform } from '../platform/platform.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import { ShownGuest } from '../view/guest-tree.js';
import { HOST_PORT } from '../vmbus/host-port.js';
import { guestRows } from './arch-rows.js';
import { GuestKvm } from './kvm.js';
import { cpuFileOptions } from './parameters.js';

/** Binds what joins the folders in one guest. It needs IrqCore, PLATFORM and HyperV. */
export function guestModule(options: GuestOptions, irqfdSource: ResamplerLifetimeFactory): ContainerModule {
  const { kvm, architectureRows, procInterrupts = {} } = options;
  return new ContainerModule(({ bind }) => {
    bind(HOST_PORT).toService(HyperV);
    bind(ShownGuest)
      .toResolvedValue(
        (irq: IrqCore, platform: Platform) => {
          const { cpu0Hotplug } = irq.behaviour;
          const cpu = cpuFileOptions(options, cpu0Hotplug && platform.arch === 'x86');
          const arch = guestRows(platform, architectureRows, procInterrupts, irq.machine.nrCpuIds);
          return new ShownGuest({ irq, arch, cpuFiles: platform.cpuFiles, cpu, interrupts: procInterrupts });
        },
        [IrqCore, PLATFORM],
      )
      .inSingletonScope();
    bind(HungTaskDetector)
      .toResolvedValue(
        ({ machine, behaviour }: IrqCore) =>
          new HungTaskDetector(machine, {
            release: `${options.kernel ?? '6.10'}.0`,
            taintFlags: behaviour.taintFlags,
            saysWhenSilent: behaviour.hungTaskSaysWhenSilent,
            namesOwner: behaviour.hungTaskNamesOwner,
          }),
        [IrqCore],
      )
      .inSingletonScope();
    if (kvm === undefined) return;
    bind(GuestKvm)
      .toResolvedValue(
        (core: IrqCore, platform: Platform) => new GuestKvm(core, platform, kvm, irqfdSource),
        [IrqCore, PLATFORM],
      )
      .inSingletonScope();
  });
}
