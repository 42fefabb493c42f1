import 'reflect-metadata';
import { Container, ContainerModule } from 'inversify';
import type { DeviceParameters } from '../drivers/device-parameters.js';
import { driversModule } from '../drivers/module.js';
import type { BackendOptions } from '../host/backends/index.js';
import { HyperV, type HyperVOptions } from '../host/hyperv.js';
import { earlyIrqInit, IrqCore, type IrqCoreOptions } from '../irq/core.js';
import { hostModule } from '../host/module.js';
import { Machine, type MachineOptions } from '../machine/machine.js';
import { Arm64Platform } from '../platform/arm64/platform.js';
import { PLATFORM, type Platform } from '../platform/platform.js';
import { X86Platform } from '../platform/x86/platform.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { KvmGuestOptions } from '../scenario/options/kvm.js';
import type { ProcInterruptsOptions } from '../scenario/options/proc-interrupts.js';
import { ChannelOperations } from '../vmbus/channel/open.js';
import { GuestMemory } from '../vmbus/guest-memory.js';
import { VMBUS_DRIVER } from '../vmbus/driver.js';
import { GUEST_PORT, type GuestPort } from '../vmbus/host-port.js';
import type { VmbusDesign } from '../vmbus/variants/design.js';
import { designParts } from '../vmbus/variants/index.js';
import { createVmbus, Vmbus } from '../vmbus/vmbus.js';
import { createGuestTree } from '../view/guest-tree.js';
import { VMBUS_DEVICES, vmbusDevicesDirectory } from '../view/sys/vmbus-devices.js';
import { vmbusBusDirectory } from '../view/sys/vmbus-bus.js';
import type { SysCpuOptions } from '../view/sys/cpu.js';
import { FileTree } from '../view/tree.js';
import { GuestKvm } from './kvm.js';
import { guestRows } from './arch-rows.js';

/** What the parts of a guest are made from. */
export interface GuestParts {
  readonly machine: MachineOptions;
  readonly irq: IrqCoreOptions;
  readonly arch: 'x86_64' | 'arm64';
  readonly host: HyperVOptions;
  readonly backends: BackendOptions;
  /** The guest is a confidential VM. */
  readonly isolation: boolean;
  readonly design: VmbusDesign;
  readonly drivers: DeviceParameters;
  readonly sysCpu: SysCpuOptions;
  readonly rows: GuestOptions['architectureRows'];
  readonly procInterrupts: ProcInterruptsOptions;
  readonly hasVmbus: boolean;
  readonly kvm: KvmGuestOptions | undefined;
}

/**
 * The container with all parts of one guest. `modules` may bind more to VMBUS_DRIVER, IRQ_DOMAIN_PLUGIN and HOST_BACKEND.
 */
export function createContainer(parts: GuestParts, modules: readonly ContainerModule[]): Container {
  const container = new Container({ defaultScope: 'Singleton' });
  container.load(
    kernelModule(parts),
    hostModule(parts.host, parts.backends),
    driversModule(parts.drivers),
    viewModule(parts),
    kvmModule(parts),
    ...modules,
  );
  return container;
}

function kernelModule({ machine, irq, arch, isolation, design }: GuestParts): ContainerModule {
  const parts = designParts(design);
  const accounting = parts.topLevel.line;
  return new ContainerModule(({ bind }) => {
    bind(Machine).toResolvedValue(() => new Machine(machine));
    bind(IrqCore).toResolvedValue((on: Machine) => earlyIrqInit(on, irq), [Machine]);
    bind(PLATFORM).toResolvedValue(
      (on: Machine, core: IrqCore): Platform =>
        arch === 'arm64' ? new Arm64Platform(on, core, accounting) : new X86Platform(on, core, accounting),
      [Machine, IrqCore],
    );
    bind(GuestMemory).toResolvedValue(() => new GuestMemory());
    bind(GUEST_PORT).toResolvedValue(
      (memory: GuestMemory, { vmbusLine }: Platform): GuestPort => ({
        memory,
        interrupt: (cpu) => vmbusLine.raise(cpu),
      }),
      [GuestMemory, PLATFORM],
    );
    // Drivers are made while Vmbus is, and want its operations.
    let operations: ChannelOperations | undefined;
    bind(ChannelOperations).toDynamicValue(({ get }) => operations ?? get(Vmbus).operations);
    bind(Vmbus).toDynamicValue(({ get, getAll }) =>
      createVmbus({
        machine: get(Machine),
        irq: get(IrqCore),
        host: get(HyperV),
        memory: get(GuestMemory),
        line: get(PLATFORM).vmbusLine,
        design: parts,
        isolation,
        makeDrivers: (made) => {
          operations = made;
          return getAll(VMBUS_DRIVER).reverse();
        },
      }),
    );
  });
}

function kvmModule({ kvm, design }: GuestParts): ContainerModule {
  return new ContainerModule(({ bind }) => {
    if (kvm === undefined) return;
    bind(GuestKvm).toResolvedValue(
      (core: IrqCore, platform: Platform) => new GuestKvm(core, platform, kvm, design.irqfdSource),
      [IrqCore, PLATFORM],
    );
  });
}

function viewModule({ sysCpu, rows, procInterrupts, hasVmbus }: GuestParts): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(FileTree).toResolvedValue(
      (core: IrqCore, platform: Platform, vmbus: Vmbus) => {
        const arch = guestRows(platform, rows, procInterrupts, core.machine.nrCpuIds);
        const { cpuFiles } = platform;
        const tree = createGuestTree({ irq: core, arch, cpuFiles, cpu: sysCpu, interrupts: procInterrupts });
        if (!hasVmbus) return tree;
        tree.mount(VMBUS_DEVICES, vmbusDevicesDirectory(vmbus));
        tree.mount('/sys/bus/vmbus', vmbusBusDirectory(vmbus));
        return tree;
      },
      [IrqCore, PLATFORM, Vmbus],
    );
  });
}
