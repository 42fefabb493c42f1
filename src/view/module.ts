import { ContainerModule } from 'inversify';
import { HungTaskDetector } from '../machine/hung-task.js';
import { Vmbus } from '../vmbus/vmbus.js';
import { GUEST_FILE, type GuestFile } from './guest-file.js';
import { builtinFiles, ShownGuest, treeOf } from './guest-tree.js';
import { hungTaskFiles } from './proc/hung-task-files.js';
import { classDirectory, type ShownClassDevice, shownClasses } from './sys/class-devices.js';
import { pciClassDevices } from './sys/pci-bus.js';
import { VMBUS_DEVICES, vmbusClassDevices, vmbusDevicesDirectory } from './sys/vmbus-devices.js';
import { vmbusBusDirectory } from './sys/vmbus-bus.js';
import { moduleParameterDirectories } from './sys/module-parameters.js';
import { sysctlInt } from './proc/sysctl.js';
import { FileTree } from './tree.js';
import { StaticDirectory } from './tree-node.js';

/**
 * Binds the files of a guest to GUEST_FILE, and the tree that is made of all that are bound there. It needs ShownGuest,
 * HungTaskDetector, and Vmbus if the machine has one.
 */
export function viewModule({ hasVmbus }: { readonly hasVmbus: boolean }): ContainerModule {
  return new ContainerModule(({ bind }) => {
    for (const [path, make] of Object.entries(builtinFiles))
      bind(GUEST_FILE).toResolvedValue(
        (guest: ShownGuest): GuestFile => ({ path, node: make(guest) }),
        [ShownGuest],
      );
    if (hasVmbus) {
      bind(GUEST_FILE).toResolvedValue(
        (vmbus: Vmbus, { irq, pci }: ShownGuest): GuestFile => ({
          path: VMBUS_DEVICES,
          node: vmbusDevicesDirectory(vmbus, pci && { core: irq, pci }),
        }),
        [Vmbus, ShownGuest],
      );
      bind(GUEST_FILE).toResolvedValue(
        (vmbus: Vmbus): GuestFile => ({
          path: '/sys/bus/vmbus',
          node: vmbusBusDirectory(vmbus),
          isThere: () => vmbus.isLoaded,
        }),
        [Vmbus],
      );
    }
    for (const className of shownClasses)
      bind(GUEST_FILE).toDynamicValue(({ get }): GuestFile => {
        const vmbus = hasVmbus ? get(Vmbus) : undefined;
        const { pci } = get(ShownGuest);
        const all = (): ShownClassDevice[] => [...vmbusClassDevices(vmbus), ...pciClassDevices(pci)];
        return { path: `/sys/class/${className}`, node: classDirectory(className, all) };
      });
    bind(FileTree)
      .toDynamicValue(({ get, getAll }) =>
        treeOf(get(ShownGuest).irq.machine, [
          ...getAll<GuestFile>(GUEST_FILE),
          ...sysctlFiles(get(HungTaskDetector)),
          ...(hasVmbus ? parameterFiles(get(Vmbus)) : []),
        ]),
      )
      .inSingletonScope();
  });
}

/** Parameters of the modules, and whether a panic's last lines go to Hyper-V (drivers/hv/hv_common.c). */
function parameterFiles(vmbus: Vmbus): GuestFile[] {
  const directories = moduleParameterDirectories(vmbus.connection.parameters);
  const recordPanicMsg = sysctlInt(
    () => vmbus.recordPanicMsg,
    (value) => {
      vmbus.recordPanicMsg = value;
    },
    [0, 1],
  );
  return [
    ...[...directories].map(([module, parameters]) => ({
      path: `/sys/module/${module}`,
      node: new StaticDirectory(0o755, { parameters }),
      isThere: () => vmbus.modules.isLoaded(module),
    })),
    { path: '/proc/sys/kernel/hyperv_record_panic_msg', node: recordPanicMsg },
  ];
}

function sysctlFiles(detector: HungTaskDetector): GuestFile[] {
  return Object.entries(hungTaskFiles(detector)).map(([name, node]) => ({
    path: `/proc/sys/kernel/${name}`,
    node,
  }));
}
