import type { IrqCore } from '../../irq/core.js';
import type { Procedure } from '../../machine/step.js';
import type { PciPresence } from '../../platform/pci/pci-functions.js';
import type { PciMsi } from '../../platform/pci/pci-msi.js';
import {
  type DirectoryNode,
  ListDirectory,
  StaticDirectory,
  sysfsFile,
  type TreeNode,
  type Runner,
} from '../tree-node.js';
import type { ShownClassDevice } from './class-devices.js';
import { textFile } from './cpu-sets.js';
import { functionDirectory, functionPath, holderOf, rootBusOf, triggerFile } from './pci-function.js';
import { storeUevent } from './uevent.js';

/** PCI as sysfs shows it. */
export interface ShownPci {
  readonly msi: PciMsi;
  /** Looks for drivers of functions that have none (pci_rescan_bus). */
  rescan(): Procedure<void>;
}

function link(up: string, { func }: PciPresence): TreeNode {
  return { kind: 'symlink', target: `${up}/devices/${functionPath(func)}` };
}

/** /sys/bus/pci; without PCI it is there, and empty. */
export function pciBusDirectory(machine: Runner, pci: ShownPci | undefined): DirectoryNode {
  const all = (): PciPresence[] => (pci === undefined ? [] : [...pci.msi.functions]);
  const driverNames = (): Set<string> => new Set(all().flatMap(({ driver }) => driver ?? []));
  const slots = (): PciPresence[] => all().filter(({ func }) => func.slot !== undefined);
  return new StaticDirectory(0o755, {
    devices: new ListDirectory(
      all,
      ({ func }) => func.name,
      (one) => link('../../..', one),
    ),
    drivers: new ListDirectory(
      driverNames,
      (name) => name,
      (name) => driverDirectory(name, all),
    ),
    rescan: triggerFile(machine, () => pci && { name: 'rescan_store', work: pci.rescan() }),
    slots: new ListDirectory(
      slots,
      ({ func }) => func.slot ?? '',
      ({ func }) => new StaticDirectory(0o755, { address: textFile(() => func.name.slice(0, -2)) }),
    ),
    uevent: sysfsFile(0o200, { store: storeUevent }),
  });
}

/** /sys/bus/pci/drivers/NAME: its functions. */
function driverDirectory(name: string, all: () => PciPresence[]): DirectoryNode {
  return new ListDirectory(
    () => all().filter(({ driver }) => driver === name),
    ({ func }) => func.name,
    (one) => link('../../../..', one),
  );
}

/**
 * The directories of the root buses that hang on one device.
 *
 * @param holder path of that device below /sys/devices; empty: none, which are the machine's own.
 */
export function rootBuses(core: IrqCore, { msi }: ShownPci, holder: string): Record<string, DirectoryNode> {
  const own = [...msi.functions].filter(({ func }) => holderOf(func) === holder);
  const names = new Set(own.map(({ func }) => rootBusOf(func)));
  return Object.fromEntries([...names].map((name) => [name, rootBus(core, msi, holder, name)]));
}

/** The directory of one root bus: a directory for each of its functions. */
export function rootBus(core: IrqCore, msi: PciMsi, holder: string, name: string): DirectoryNode {
  return new ListDirectory(
    () => [...msi.functions].filter(({ func }) => holderOf(func) === holder && rootBusOf(func) === name),
    ({ func }) => func.name,
    (one) => functionDirectory(core, msi, one),
  );
}

/** What drivers have made of functions. */
export function pciClassDevices(pci: ShownPci | undefined): ShownClassDevice[] {
  const all = pci === undefined ? [] : [...pci.msi.functions];
  return all.flatMap(({ func, classDevices }) =>
    classDevices.map((device) => ({ device, parent: functionPath(func) })),
  );
}
