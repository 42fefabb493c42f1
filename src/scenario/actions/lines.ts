import { z } from 'zod';
import type { CpuId, Irq } from '../../lib/brand.js';
import { handlerKeys, handlerOptions } from '../schema/line-request.js';
import { interrupt } from '../schema/interrupt.js';
import { bool, cpu, irq, nonEmpty } from '../schema/notations.js';
import { pciDevice } from '../schema/pci.js';
import { int, mapping, word } from '../schema/shapes.js';
import { defineAction } from './action.js';
import type { DisableWait } from '../port.js';
import { done, notPossible } from './answer.js';
import { times } from './signals.js';

// What devices and drivers outside VMBus do: for each action of a channel the one of a line.

/** A line, by its number or with more about it; the result is the mapping. */
function lineOr<Keys extends z.ZodRawShape>(example: string, keys: Keys) {
  const error = `the number of an IRQ, or a mapping such as ${example}`;
  const detailed = mapping(error, { irq, ...keys });
  return z.union([irq, detailed], { error }).transform((given) => {
    // A number is a mapping without the other keys, all of which are optional.
    return (typeof given === 'number' ? { irq: given } : given) as z.output<typeof detailed>;
  });
}

function namedLine(number: Irq, name: string | undefined): string {
  return name === undefined ? `IRQ ${number}` : `${name} of IRQ ${number}`;
}

/** The twin of signal. */
export const raise = defineAction({
  name: 'raise',
  value: lineOr('{irq: 10, name: uart}', {
    name: nonEmpty.optional().describe('The device, by the name of its action; default: the first'),
    cpu: cpu.optional().describe('The CPU whose line is meant, of a per-CPU line'),
  }).describe('A device outside VMBus asserts this interrupt'),
  companions: { times },
  fields: (line, { times: number = 1 }): { irq: Irq; name?: string; cpu?: CpuId; times: number } => ({
    ...line,
    times: number,
  }),
  describe: (action) =>
    `raise ${namedLine(action.irq, action.name)}${action.times === 1 ? '' : ` ${action.times} times`}`,
  perform(guest, { irq: number, times: wanted, ...device }) {
    if (guest.raise(number, wanted, device) === wanted) return done;
    return notPossible(`the guest has no IRQ ${number} now`);
  },
  check: (action, at, { lines }) => lines.mention(action, at),
});

export const request = defineAction({
  name: 'request',
  value: mapping('{irq: 10, name: uart}', {
    irq,
    name: nonEmpty.describe('Name of the action'),
    ...handlerKeys,
  }).describe("A device's driver requests this interrupt (request_threaded_irq)"),
  fields: ({ irq: number, name, ...keys }) => ({ irq: number, request: { name, ...handlerOptions(keys) } }),
  describe: (action) => `request IRQ ${action.irq} for ${action.request.name}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.lines.request(action.irq, action.request);
  },
  check: (action, _at, { lines }) => lines.request(action.irq, action.request.name),
});

export const free = defineAction({
  name: 'free',
  value: lineOr('{irq: 10, name: uart}', {
    name: nonEmpty.optional().describe('Name of the action; default: the first one'),
  }).describe('A driver quiets its device and frees this interrupt (free_irq)'),
  fields: (line): { irq: Irq; name?: string } => line,
  describe: (action) => `free ${namedLine(action.irq, action.name)}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.lines.release(action.irq, action.name);
  },
});

export const enable = defineAction({
  name: 'enable',
  value: irq.describe('Undo one disabling of this interrupt (enable_irq)'),
  fields: (number) => ({ irq: number }),
  describe: (action) => `enable IRQ ${action.irq}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.lines.enable(action.irq);
  },
});

/** Whom disabling can wait for. */
export const disableWaits = ['all', 'hardirq', 'nosync'] as const satisfies readonly DisableWait[];

export const disable = defineAction({
  name: 'disable',
  value: lineOr('{irq: 10, wait: nosync}', {
    wait: word(disableWaits)
      .optional()
      .describe('Whom to wait for: handlers and threads (disable_irq), hard handlers, nobody; default all'),
  }).describe('Disable this interrupt; calls nest (disable_irq)'),
  fields: ({ irq: number, wait = 'all' }) => ({ irq: number, wait }),
  describe: (action) => `disable IRQ ${action.irq}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.lines.disable(action.irq, action.wait);
  },
});

export const synchronize = defineAction({
  name: 'synchronize',
  value: irq.describe('Wait until handlers and threads of this interrupt have run (synchronize_irq)'),
  fields: (number) => ({ irq: number }),
  describe: (action) => `synchronize IRQ ${action.irq}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.lines.synchronize(action.irq);
  },
});

export const wake = defineAction({
  name: 'wake',
  value: mapping('{irq: 8, on: true}', { irq, on: bool }).describe(
    'Let this interrupt wake the machine, or not any more (irq_set_irq_wake)',
  ),
  fields: (given) => given,
  describe: (action) => `wake by IRQ ${action.irq} ${action.on ? 'on' : 'off'}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.lines.setWake(action.irq, action.on);
  },
});

const interruptOrPci = z.union([interrupt, pciDevice], {
  error: 'a line as under interrupts, or a PCI device such as {nvme: {queues: 4}}',
});

/** The twin of offer. */
export const plug = defineAction({
  name: 'plug',
  value: interruptOrPci.describe('A line comes with its devices, as under interrupts, or a PCI device'),
  fields: (device) => ({ device }),
  describe: ({ device }) => `plug ${'irq' in device ? `IRQ ${device.irq}` : device.driver}`,
  endsWithCall: true,
  perform(guest, { device }) {
    if ('irq' in device) guest.lines.plug(device);
    else guest.lines.plugPci(device);
  },
  check({ device }, at, { lines, pci, cpus, report }) {
    if (!('irq' in device)) {
      pci.plug(device, [...at, device.driver]);
      return;
    }
    lines.plug(device);
    cpus.checkList(device.affinity, [...at, 'affinity']);
    if (device.counts !== undefined)
      report([...at, 'counts'], 'a line that comes has not been counted before');
  },
});

const which = z.union([irq, nonEmpty], { error: 'the number of an IRQ, or a PCI device such as nvme0' });

/** The twin of rescind. */
export const unplug = defineAction({
  name: 'unplug',
  value: which.describe(
    "A line's devices are taken away, or a PCI device; their drivers free the interrupts",
  ),
  fields: (device) => ({ device }),
  describe: ({ device }) => `unplug ${typeof device === 'number' ? `IRQ ${device}` : device}`,
  endsWithCall: true,
  perform(guest, { device }) {
    if (typeof device === 'number') guest.lines.unplug(device);
    else guest.lines.unplugPci(device);
  },
  check({ device }, at, { pci }) {
    if (typeof device === 'string') pci.unplug(device, at);
  },
});

/** The twin of channels. */
export const queues = defineAction({
  name: 'queues',
  value: mapping('{device: virtio0, count: 2}', { device: nonEmpty, count: int(1, 2048) }).describe(
    'Change the number of queues that a PCI network adapter uses (ethtool -L)',
  ),
  fields: (given) => given,
  describe: (action) => `queues of ${action.device} to ${action.count}`,
  endsWithCall: true,
  perform(guest, action) {
    guest.lines.setQueues(action.device, action.count);
  },
  check: (action, at, { pci }) => pci.mention(action.device, [...at, 'device'], ['virtio-net']),
});
