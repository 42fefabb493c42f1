import { ContainerModule } from 'inversify';
import { DeviceLines } from '../devices/line/lines.js';
import { PCI_CORE } from '../drivers/index.js';
import { HyperV } from '../host/hyperv.js';
import type { CpuId } from '../lib/brand.js';
import { IrqCore } from '../irq/core.js';
import { DEFAULT_KERNEL } from '../irq/kernel.js';
import type { ResamplerLifetimeFactory } from '../kvm/resampler-lifetime.js';
import type { Clock } from '../machine/clock.js';
import { HungTaskDetector } from '../machine/hung-task.js';
import { PLATFORM, type Platform } from '../platform/platform.js';
import { kernelTraceEvents } from '../platform/trace-events.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { TraceEvent } from '../trace/event.js';
import { TRACE_EVENT } from '../trace/event-token.js';
import { Tracer } from '../trace/tracer.js';
import { ShownGuest } from '../view/guest-tree.js';
import { HOST_PORT, RenumberedHost } from '../vmbus/host-port.js';
import { guestRows } from './arch-rows.js';
import { GuestKvm } from './kvm.js';
import { cpuFileOptions } from './parameters.js';
import { PassedThrough } from './passed-through.js';
import { GuestPci } from './pci.js';
import { pciMsiOf } from './pci-msi.js';

/** A host that runs already, with the devices of a guest whose kernel another one takes the place of. */
export interface RunningHost {
  readonly hyperv: HyperV;
  readonly passedThrough: PassedThrough;
  /** Virtual processor of each of the new kernel's CPUs. */
  readonly vps: readonly CpuId[];
  readonly clock: Clock;
}

/** Binds what joins the folders in one guest. It needs IrqCore, PLATFORM and HyperV. */
export function guestModule(
  options: GuestOptions,
  irqfdSource: ResamplerLifetimeFactory,
  running?: RunningHost,
): ContainerModule {
  const { kvm, architectureRows, procInterrupts = {} } = options;
  return new ContainerModule(({ bind, isBound }) => {
    if (running === undefined) bind(HOST_PORT).toService(HyperV);
    else bind(HOST_PORT).toConstantValue(new RenumberedHost(running.hyperv, running.vps));
    bind(Tracer)
      .toDynamicValue(({ get, getAll }) => {
        const { machine, behaviour } = get(IrqCore);
        const others = isBound(TRACE_EVENT) ? getAll<TraceEvent>(TRACE_EVENT) : [];
        const { arch } = get(PLATFORM);
        return new Tracer(machine, [...kernelTraceEvents(arch, behaviour), ...others], behaviour);
      })
      .inSingletonScope();
    bind(ShownGuest)
      .toResolvedValue(
        (irq: IrqCore, platform: Platform, pci: GuestPci, tracer: Tracer) => {
          const { cpu0Hotplug } = irq.behaviour;
          const cpu = cpuFileOptions(options, cpu0Hotplug && platform.arch === 'x86');
          const arch = guestRows(platform, architectureRows, procInterrupts, irq.machine.nrCpuIds);
          const { cpuFiles, pciMsi } = platform;
          const shown = pciMsi && { msi: pciMsi, rescan: () => pci.rescan() };
          return new ShownGuest({ irq, arch, cpuFiles, cpu, interrupts: procInterrupts, pci: shown, tracer });
        },
        [IrqCore, PLATFORM, GuestPci, Tracer],
      )
      .inSingletonScope();
    bind(DeviceLines)
      .toResolvedValue(
        (core: IrqCore, platform: Platform) => new DeviceLines(core, platform),
        [IrqCore, PLATFORM],
      )
      .inSingletonScope();
    bind(HungTaskDetector)
      .toResolvedValue(
        ({ machine, behaviour }: IrqCore) =>
          new HungTaskDetector(machine, {
            release: `${options.kernel ?? DEFAULT_KERNEL}.0`,
            taintFlags: behaviour.taintFlags,
            saysWhenSilent: behaviour.hungTaskSaysWhenSilent,
            namesOwner: behaviour.hungTaskNamesOwner,
          }),
        [IrqCore],
      )
      .inSingletonScope();
    bind(GuestPci)
      .toResolvedValue(
        (core: IrqCore, platform: Platform, lines: DeviceLines, host: HyperV) =>
          new GuestPci(
            () => ({ core, msi: pciMsiOf(platform), lines }),
            running?.passedThrough ?? new PassedThrough(host),
          ),
        [IrqCore, PLATFORM, DeviceLines, HyperV],
      )
      .inSingletonScope();
    bind(PCI_CORE).toService(GuestPci);
    if (kvm === undefined) return;
    bind(GuestKvm)
      .toResolvedValue(
        (core: IrqCore, platform: Platform) => new GuestKvm(core, platform, kvm, irqfdSource),
        [IrqCore, PLATFORM],
      )
      .inSingletonScope();
  });
}
