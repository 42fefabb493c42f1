import type { CpuId } from '../lib/brand.js';
import { formatCpuList } from '../machine/cpumask-text.js';
import { CpuMask } from '../machine/cpumask.js';
import { formatDuration } from '../scenario/duration.js';
import type { DeviceInList } from '../scenario/options/devices.js';
import type { PciDeviceOptions } from '../scenario/options/pci.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import { relidListText, relidsOfList } from '../scenario/relid-list.js';
import type { RecordedWorkload } from './bundle/workload.js';

/** Texts that need no quotation marks in YAML. */
const plain = /^(?:[A-Za-z_][\w@./-]*|\d+(?:\.\d+)?(?:s|ms|us|ns))$/;
/** Words that YAML takes for booleans or null. */
const reserved = /^(true|false|null|yes|no|on|off|y|n)$/i;

function scalar(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  return plain.test(value) && !reserved.test(value) ? value : JSON.stringify(value);
}

/** A number that is usually written in hex. */
class Hex {
  constructor(readonly value: number) {}
}

/** A PCI function as a file has it: its driver is a key. */
function pciItem({ driver, classCode, ...rest }: PciDeviceOptions): object {
  return { [driver]: { ...rest, ...(classCode !== undefined && { class: new Hex(classCode) }) } };
}

/** A value on one line. */
function flow(value: unknown): string {
  if (value instanceof Hex) return `0x${value.value.toString(16).padStart(6, '0')}`;
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return scalar(value);
  const pairs = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{${pairs.map(([key, inner]) => `${/^\d+$/.test(key) ? key : scalar(key)}: ${flow(inner)}`).join(', ')}}`;
}

function list(key: string, items: readonly unknown[] | undefined): string {
  if (items === undefined) return '';
  if (items.length === 0) return `\n${key}: []\n`;
  return `\n${key}:\n${items.map((item) => `  - ${flow(item)}\n`).join('')}`;
}

function line(key: string, value: unknown): string {
  return value === undefined ? '' : `${key}: ${flow(value)}\n`;
}

/** CPU numbers as lists in the kernel's format. */
function cpuLists({ cpus }: GuestOptions): unknown {
  if (typeof cpus === 'number') return cpus;
  const { online, wentOffline, isolated, nohzFull, nodes, present, possible = present } = cpus;
  const text = (list: readonly CpuId[]): string => formatCpuList(CpuMask.of(possible, list));
  return {
    ...cpus,
    ...(online && { online: text(online) }),
    ...(wentOffline && { wentOffline: text(wentOffline) }),
    ...(isolated && { isolated: text(isolated) }),
    ...(nohzFull && { nohzFull: text(nohzFull) }),
    ...(typeof nodes === 'object' && { nodes: nodes.map(text) }),
  };
}

/** A device as a file has it: relids of sub-channels as ranges where that is shorter, PCI functions by their drivers. */
function deviceItem(device: DeviceInList): unknown {
  if ('functions' in device) return { ...device, functions: device.functions?.map(pciItem) };
  if (!('subChannels' in device) || device.subChannels === undefined) return device;
  const text = relidListText(relidsOfList(device.subChannels));
  return text.includes('-') ? { ...device, subChannels: text } : device;
}

/** What the machine's interrupts did while it was recorded, for as long. */
function workloadText(workload: RecordedWorkload | undefined): string {
  if (workload === undefined || workload.lines.length === 0) return '';
  const lines = workload.lines.map(({ item, comment }) => ({ text: `  - ${flow(item)}`, comment }));
  const width = Math.max(...lines.map(({ text }) => text.length));
  const items = lines.map(({ text, comment }) => `${text.padEnd(width)}  # ${comment}\n`).join('');
  return `\nworkload:\n${items}\nrun: ${formatDuration(Math.round(workload.seconds * 1e9))}\n`;
}

/**
 * A scenario file with this guest, which prints its /proc/interrupts. Only what a capture can give is written.
 *
 * @param notes become comments at the top.
 */
export function scenarioText(
  guest: GuestOptions,
  description: string,
  notes: readonly string[],
  workload?: RecordedWorkload,
): string {
  const { kernel, arch, nrIrqs, vmbus, procInterrupts, architectureRows } = guest;
  const rows = Array.isArray(architectureRows) ? (architectureRows as readonly unknown[]) : undefined;
  return (
    notes.map((note) => `# ${note}\n`).join('') +
    line('description', description) +
    (kernel === undefined ? '' : `kernel: "${kernel}"\n`) +
    line('arch', arch) +
    line('design', guest.design) +
    line('cpus', cpuLists(guest)) +
    line('cmdline', guest.cmdline) +
    line('moduleParameters', guest.moduleParameters) +
    line('nrIrqs', nrIrqs) +
    line('vmbus', vmbus) +
    line('procInterrupts', procInterrupts) +
    list('devices', guest.devices?.map(deviceItem)) +
    list('channels', guest.channels) +
    list('interrupts', guest.interrupts) +
    list('pci', guest.pci?.map(pciItem)) +
    list('architectureRows', rows) +
    workloadText(workload) +
    '\nprint: [interrupts]\n'
  );
}
