import type { OfferedDevice } from '../scenario/offered-devices.js';
import { instanceDomain, type PciDeviceOptions } from '../scenario/options/pci.js';
import type { PlatformDefinition } from '../platform/platform.js';
import type { IrqRow } from '../view/interrupts/table.js';
import type { MachinePciFunction } from './bundle/pci-functions.js';

/**
 * PCI functions as a guest has them: those behind a VMBus device are its own, others stand for themselves. Their interrupts
 * are the lines that the rows show.
 */
export function pciOptions(
  functions: readonly MachinePciFunction[],
  devices: readonly OfferedDevice[],
  rows: readonly IrqRow[],
  { arch }: PlatformDefinition,
): { readonly devices: readonly OfferedDevice[]; readonly pci: readonly PciDeviceOptions[] } {
  const shown = new Set(rows.map(({ irq }) => irq));
  const behind = new Map<string, MachinePciFunction[]>();
  const pci: PciDeviceOptions[] = [];
  for (const func of functions) {
    const { instance } = func;
    const isBehind = devices.some((one) => one.driver === 'vpci' && one.instance === instance);
    if (instance !== undefined && isBehind) behind.set(instance, [...(behind.get(instance) ?? []), func]);
    else if (instance !== undefined) pci.push({ ...optionsOf(func, shown), bus: 'hyperv', instance });
    else pci.push({ ...optionsOf(func, shown), ...(arch !== 'x86' && { bus: 'pci' }) });
  }
  return {
    pci,
    devices: devices.map((one) => withFunctions(one, behind.get(one.instance ?? '') ?? [], shown)),
  };
}

function withFunctions(
  device: OfferedDevice,
  functions: readonly MachinePciFunction[],
  shown: ReadonlySet<number>,
): OfferedDevice {
  if (device.driver !== 'vpci' || functions.length === 0) return device;
  const domain = Number.parseInt(functions[0].bdf, 16);
  return {
    ...device,
    ...(domain !== instanceDomain(device.instance ?? '') && { domain }),
    functions: functions.map((func) => optionsOf(func, shown)),
  };
}

function optionsOf(func: MachinePciFunction, shown: ReadonlySet<number>): PciDeviceOptions {
  const { bdf, irqs, kind, id, subsystem, classCode, revision, node, kernelDriver } = func;
  const isUsual = subsystem === undefined || subsystem === `${id?.slice(0, 4)}:0000`;
  return {
    driver: 'lines',
    bdf,
    irqs: irqs.filter((irq) => shown.has(irq)),
    ...(kind === 'msi' && { kind }),
    ...(kernelDriver !== undefined && { kernelDriver }),
    ...(id !== undefined && { id }),
    ...(classCode !== undefined && { classCode }),
    ...(!isUsual && { subsystem }),
    ...(revision > 0 && { revision }),
    ...(node >= 0 && { node }),
  };
}
