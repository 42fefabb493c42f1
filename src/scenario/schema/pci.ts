import { z } from 'zod';
import type { Checks } from '../checks/checks.js';
import { pciBuses, type PciDeviceOptions, type PciDriverName, pciDrivers } from '../options/pci.js';
import { bool, duration, irq, nonEmpty } from './notations.js';
import { inOptions, optionSchema } from './option-form.js';
import { int, keysIn, list, mapping, whenMapping, word } from './shapes.js';

const bdfText = 'an address of a PCI function such as "0000:00:04.0"';

const guidText = 'a GUID such as "5d202aa8-1e03-4f0f-a786-390a0d2749e9"';

const idText = 'vendor and device in hex such as "15b3:1016"';

const idForm = /^[0-9a-f]{4}:[0-9a-f]{4}$/i;

const identity = {
  id: z
    .string({ error: idText })
    .regex(idForm, { error: idText })
    .optional()
    .describe("Vendor and device; default: those of its driver's usual device"),
  class: int(0, 0xffffff).optional().describe("Class code of 24 bits, e.g. 0x020000; default: its driver's"),
  serial: int(0, 0xffffffff)
    .optional()
    .describe('Serial number on a bus of Hyper-V, which its slot is named by; default: counted on'),
};

const place = {
  bdf: z
    .string({ error: bdfText })
    .regex(/^[0-9a-f]{4,}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/, { error: bdfText })
    .optional()
    .describe('Address; default: the next free slot from 0000:00:04.0 on; 0001:00:00.0 on a bus of Hyper-V'),
  bus: word(pciBuses)
    .optional()
    .describe("hyperv: on a bus that Hyper-V passes through; default: the machine's own, if it has one"),
  instance: z
    .string({ error: guidText })
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, { error: guidText })
    .optional()
    .describe('GUID of the VMBus device that the bus is, on a bus of Hyper-V'),
  node: int(0, 1023).optional().describe('NUMA node; default: none'),
};

const common = {
  ...place,
  queues: int(1, 2048)
    .optional()
    .describe('Queues for I/O, pairs of queues of a network adapter, or vectors of msix; default 1'),
  vectors: int(1, 2048)
    .optional()
    .describe('Entries of the MSI-X table; default: as many as the driver would have'),
  latency: duration.optional().describe('How long the device takes for one request; default 100us'),
  ...identity,
};

const msixOnly = {
  name: nonEmpty.optional().describe('msix: its interrupts are name-0, name-1, …; default msix'),
  names: list('a list of names', nonEmpty)
    .min(1, { error: 'at least one name' })
    .optional()
    .describe('msix: the name of each interrupt, in place of queues and name'),
  managed: bool.optional().describe('msix: the kernel spreads the vectors over CPUs, and manages them'),
};

const linesOnly = {
  irqs: list('a list of IRQ numbers such as [24, 25]', irq)
    .optional()
    .describe('lines: numbers of its interrupts, which `interrupts` says more of'),
  kind: word(['msix', 'msi']).optional().describe('lines: what kind of messages they are; default msix'),
  kernelDriver: nonEmpty
    .optional()
    .describe("lines: the kernel's driver that has it in service, e.g. ahci; default: none has"),
  subsystem: z
    .string({ error: idText })
    .regex(idForm, { error: idText })
    .optional()
    .describe('lines: vendor and device of its subsystem; default: its vendor, and 0'),
  revision: int(0, 0xff).optional().describe('lines: its revision; default 0'),
};

/** Keys that functions of one driver alone have. */
const ownKeys = { msix: Object.keys(msixOnly), lines: Object.keys(linesOnly) } as const;

const describeDriver: Readonly<Record<PciDriverName, string>> = {
  nvme: 'An NVMe controller: an admin queue, and I/O queues whose interrupts the kernel spreads over CPUs',
  'virtio-net': 'A virtio network adapter: interrupts for configuration, and each input and output queue',
  'virtio-blk':
    'A virtio disk: interrupts for configuration, and request queues that the kernel spreads over CPUs',
  mana: "Azure's network adapter: an interrupt for its set-up, and one for each queue, at most one a CPU",
  mlx5: 'A virtual function of a Mellanox adapter: an interrupt for events, and one for each completion vector',
  msix: 'Any function with an MSI-X table and a driver that requests each vector',
  lines: 'Any function of which its lines alone matter: those of `interrupts` that `irqs` names',
};

function driverKey<Shape extends z.ZodRawShape>(driver: PciDriverName, shape: Shape) {
  return mapping(`a mapping such as {bdf: "0000:00:04.0", queues: 4}`, shape)
    .optional()
    .describe(describeDriver[driver]);
}

/** A PCI function in the library's options: the driver is a key's value. */
function pciOption(): z.ZodType {
  const { class: classCode, latency, ...keys } = { ...common, ...msixOnly, ...linesOnly };
  return mapping('a PCI device, e.g. {driver: "nvme", bdf: "0000:00:04.0", queues: 4}', {
    driver: word(pciDrivers),
    ...keys,
    classCode,
    latencyNs: optionSchema(latency),
  }).superRefine((value, context) => {
    if (!pciDrivers.includes(value.driver)) return;
    for (const [driver, keys] of Object.entries(ownKeys)) {
      if (value.driver === driver) continue;
      for (const key of keysIn(value, keys)) {
        const message = `only functions with driver ${driver} have "${key}"`;
        context.addIssue({ code: 'custom', message, path: [key] });
      }
    }
  }, whenMapping);
}

/** A PCI function of a scenario file: one key, its driver. */
const written = mapping('a PCI device, e.g. {nvme: {bdf: "0000:00:04.0", queues: 4}}', {
  nvme: driverKey('nvme', common),
  'virtio-net': driverKey('virtio-net', common),
  'virtio-blk': driverKey('virtio-blk', common),
  mana: driverKey('mana', common),
  mlx5: driverKey('mlx5', common),
  msix: driverKey('msix', { ...common, ...msixOnly }),
  lines: driverKey('lines', { ...identity, ...place, ...linesOnly }),
})
  .superRefine((value, context) => {
    const given = keysIn(value, pciDrivers);
    if (given.length === 1) return;
    const message =
      given.length === 0
        ? `a PCI device needs its driver: one of ${pciDrivers.join(', ')}`
        : `a PCI device has one driver, not ${given.length} (${given.join(', ')})`;
    context.addIssue({ code: 'custom', message });
  }, whenMapping)
  .transform((value): PciDeviceOptions => {
    const driver = pciDrivers.find((name) => value[name] !== undefined) ?? 'msix';
    const { class: classCode, ...keys } = value[driver] ?? {};
    const { latency, ...options } = 'latency' in keys ? keys : { ...keys, latency: undefined };
    return {
      driver,
      ...options,
      ...(latency !== undefined && { latencyNs: latency }),
      ...(classCode !== undefined && { classCode }),
    };
  })
  .meta({ oneOf: pciDrivers.map((driver) => ({ required: [driver] })) });

export const pciDevice = inOptions(written, pciOption());

/** Checks the functions that are there from the start; what is wrong in itself is undefined. */
export function checkPci(devices: readonly (PciDeviceOptions | undefined)[], { pci }: Checks): void {
  devices.forEach((item, i) => {
    if (item !== undefined) pci.plug(item, ['pci', i, item.driver]);
    else pci.unknown();
  });
}
