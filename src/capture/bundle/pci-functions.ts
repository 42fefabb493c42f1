import type { Irq } from '../../lib/brand.js';
import { counted } from '../../lib/counted.js';
import type { FindingList } from './findings.js';
import type { MachineFiles } from './machine-files.js';

const DEVICES = '/sys/bus/pci/devices';
const VMBUS = '/sys/bus/vmbus/devices';
const ADDRESS = /^[0-9a-f]{4,}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/;

/** A PCI function of a machine that interrupts by messages. */
export interface MachinePciFunction {
  /** Its address: `7870:00:00.0`. */
  readonly bdf: string;
  readonly irqs: readonly Irq[];
  readonly kind: 'msix' | 'msi';
  /** Vendor and device, and those of its subsystem: `15b3:1016`. */
  readonly id?: string;
  readonly subsystem?: string;
  readonly classCode?: number;
  readonly revision: number;
  /** NUMA node; -1: none. */
  readonly node: number;
  readonly kernelDriver?: string;
  /** GUID of the VMBus device that its bus is; undefined: it is on a bus of the machine's own. */
  readonly instance?: string;
}

/** The PCI functions of a machine's sysfs that interrupt by messages. */
export function pciFunctions(files: MachineFiles, findings: FindingList): MachinePciFunction[] {
  const paths = new Map(files.list(DEVICES).map((bdf) => [bdf, `${DEVICES}/${bdf}`]));
  // sos copies what is behind VMBus devices, without the links of /sys/bus/pci.
  for (const bus of files.list(VMBUS).flatMap((name) => busesIn(files, `${VMBUS}/${name}`)))
    for (const bdf of files.list(bus)) if (ADDRESS.test(bdf)) paths.set(bdf, `${bus}/${bdf}`);
  const found = [...paths].flatMap(([bdf, path]) => functionIn(files, bdf, path) ?? []);
  if (found.length > 0)
    findings.take(
      `${counted(found.length, 'PCI function')}, ${counted(
        found.reduce((sum, { irqs }) => sum + irqs.length, 0),
        'message interrupt',
      )}`,
      `msi_irqs of ${DEVICES}/*`,
    );
  if (found.length < paths.size)
    findings.leave(
      counted(paths.size - found.length, 'PCI function'),
      `${DEVICES}: no msi_irqs, or behind a bridge; their lines are kept without them`,
    );
  return found;
}

/** Root buses that hang on a VMBus device. */
function busesIn(files: MachineFiles, device: string): string[] {
  const names = files.list(device).filter((name) => /^pci[0-9a-f]{4,}:[0-9a-f]{2}$/.test(name));
  return names.map((name) => `${device}/${name}`);
}

function functionIn(files: MachineFiles, bdf: string, path: string): MachinePciFunction | undefined {
  const irqs = files.list(`${path}/msi_irqs`).filter((name) => /^\d{1,9}$/.test(name));
  if (irqs.length === 0 || !ADDRESS.test(bdf)) return undefined;
  const id = pairIn(files, path, 'vendor', 'device');
  const subsystem = pairIn(files, path, 'subsystem_vendor', 'subsystem_device');
  const classCode = files.number(`${path}/class`);
  const kernelDriver = files.linkName(`${path}/driver`);
  const real = files.real(path) ?? path;
  const instance = /\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/pci/.exec(real)?.[1];
  // A guest has one root bus of its own, and no bridges.
  if (instance === undefined && !bdf.startsWith('0000:00:')) return undefined;
  return {
    bdf,
    irqs: irqs.map(Number),
    kind: files.line(`${path}/msi_irqs/${irqs[0]}`) === 'msi' ? 'msi' : 'msix',
    ...(id !== undefined && { id }),
    ...(subsystem !== undefined && { subsystem }),
    ...(classCode !== undefined && classCode >= 0 && classCode <= 0xffffff && { classCode }),
    revision: byteIn(files, `${path}/revision`),
    node: Math.max(-1, files.number(`${path}/numa_node`) ?? -1),
    ...(kernelDriver !== undefined && { kernelDriver }),
    ...(instance !== undefined && { instance }),
  };
}

function byteIn(files: MachineFiles, path: string): number {
  const value = files.number(path) ?? 0;
  return value >= 0 && value <= 0xff ? value : 0;
}

/** Two files with numbers of 16 bits each. */
function pairIn(files: MachineFiles, path: string, one: string, other: string): string | undefined {
  const parts = [one, other].map(
    (name) => /^0x([0-9a-f]{4})$/.exec(files.line(`${path}/${name}`) ?? '')?.[1],
  );
  return parts.every((part) => part !== undefined) ? parts.join(':') : undefined;
}
