import type { IrqCore } from '../../irq/core.js';
import { ErrnoError } from '../../lib/errno.js';
import { CpuMask } from '../../machine/cpumask.js';
import { cpusOfNode } from '../../machine/topology.js';
import type { PciPresence } from '../../platform/pci/pci-functions.js';
import type { PciFunction, PciIdentity } from '../../platform/pci/pci-function.js';
import type { PciMsi } from '../../platform/pci/pci-msi.js';
import {
  type DirectoryNode,
  type FileNode,
  ListDirectory,
  StaticDirectory,
  sysfsFile,
  type Runner,
  type SleepingWrite,
  sleepingSysfsFile,
} from '../tree-node.js';
import { hex } from '../debugfs/bits.js';
import { classDirectories } from './class-devices.js';
import { cpuSetFiles, textFile } from './cpu-sets.js';
import { storeUevent } from './uevent.js';

const noIdentity: PciIdentity = {
  vendor: 0,
  device: 0,
  subsystemVendor: 0,
  subsystemDevice: 0,
  revision: 0,
  classCode: 0,
};

/** The root bus of a function: domain and bus number of its address. */
export function rootBusOf({ name }: PciFunction): string {
  return `pci${name.slice(0, -5)}`;
}

/** Path of what a root bus hangs on, below /sys/devices; empty: on nothing. */
export function holderOf({ parent = '/sys/devices' }: PciFunction): string {
  return parent.replace(/^\/sys\/devices\/?/, '');
}

/** Path of a function's directory, below /sys/devices. */
export function functionPath(func: PciFunction): string {
  return [holderOf(func), rootBusOf(func), func.name].filter((part) => part !== '').join('/');
}

/** The directory of one function (drivers/pci/pci-sysfs.c), as far as interrupts and their places go. */
export function functionDirectory(core: IrqCore, msi: PciMsi, presence: PciPresence): DirectoryNode {
  const { func, driver, classDevices } = presence;
  const { identity = noIdentity, node } = func;
  const path = functionPath(func);
  const upToSys = Array.from({ length: path.split('/').length + 1 }, () => '..').join('/');
  const vectors = () => msi.vectors(func);
  return new StaticDirectory(0o755, {
    class: textFile(() => hex(identity.classCode, 6)),
    device: textFile(() => hex(identity.device, 4)),
    enable: textFile(() => (driver === undefined ? '0' : '1')),
    irq: textFile(() => String(vectors().find(({ kind }) => kind === 'msi')?.irq ?? 0)),
    ...cpuSetFiles('local_cpus', 'local_cpulist', () => localCpus(core, node)),
    modalias: textFile(() => modalias(identity)),
    msi_bus: textFile(() => '1'),
    ...(vectors().length > 0 && {
      msi_irqs: new ListDirectory(
        vectors,
        ({ irq }) => String(irq),
        ({ kind }) => textFile(() => kind),
      ),
    }),
    numa_node: textFile(() => String(node)),
    revision: textFile(() => hex(identity.revision, 2)),
    subsystem: { kind: 'symlink', target: `${upToSys}/bus/pci` },
    subsystem_device: textFile(() => hex(identity.subsystemDevice, 4)),
    subsystem_vendor: textFile(() => hex(identity.subsystemVendor, 4)),
    uevent: sysfsFile(0o644, { show: () => ueventText(presence), store: storeUevent }),
    vendor: textFile(() => hex(identity.vendor, 4)),
    ...(driver !== undefined && {
      driver: { kind: 'symlink', target: `${upToSys}/bus/pci/drivers/${driver}` },
    }),
    ...classDirectories(classDevices, path),
  });
}

/** CPUs near to a device: those of its node that are online, or all (pci_dev_show_local_cpu). */
function localCpus({ machine }: IrqCore, node: number): CpuMask {
  const { online, topology, nrCpuIds } = machine;
  return node < 0 ? online : online.and(CpuMask.of(nrCpuIds, cpusOfNode(topology, node)));
}

function modalias(identity: PciIdentity): string {
  const part = (value: number, digits: number): string =>
    value.toString(16).toUpperCase().padStart(digits, '0');
  const { classCode } = identity;
  return [
    `pci:v${part(identity.vendor, 8)}d${part(identity.device, 8)}`,
    `sv${part(identity.subsystemVendor, 8)}sd${part(identity.subsystemDevice, 8)}`,
    `bc${part(classCode >>> 16, 2)}sc${part((classCode >>> 8) & 0xff, 2)}i${part(classCode & 0xff, 2)}`,
  ].join('');
}

/** pci_uevent */
function ueventText({ func, driver }: PciPresence): string {
  const { identity = noIdentity, name } = func;
  const part = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0');
  const lines = [
    ...(driver === undefined ? [] : [`DRIVER=${driver}`]),
    `PCI_CLASS=${part(identity.classCode)}`,
    `PCI_ID=${part(identity.vendor)}:${part(identity.device)}`,
    `PCI_SUBSYS_ID=${part(identity.subsystemVendor)}:${part(identity.subsystemDevice)}`,
    `PCI_SLOT_NAME=${name}`,
    `MODALIAS=${modalias(identity)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** A file that has something done when a number other than 0 is written to it (bus_rescan_store and the like). */
export function triggerFile(machine: Runner, action: () => SleepingWrite<void> | undefined): FileNode {
  return sleepingSysfsFile(machine, 0o200, {
    store: (text) => {
      const value = /^\s*([+-]?)(0x[0-9a-f]+|\d+)\n?$/i.exec(text);
      if (value === null || value[1] === '-')
        throw new ErrnoError('EINVAL', `${JSON.stringify(text)} is no number`);
      return Number(value[2]) === 0 ? undefined : action();
    },
  });
}
