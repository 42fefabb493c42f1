import { z } from 'zod';
import {
  architectures,
  interruptFlows,
  interruptsArchs,
  interruptsForms,
  kernelVersions,
  vmbusVersions,
} from '../options.js';
import { design } from './design.js';
import { device } from './device.js';
import { kvm } from './kvm.js';
import { misbehaveRule } from './host.js';
import {
  cpu,
  cpuCounts,
  cpuList,
  duration,
  int,
  irq,
  keysIn,
  list,
  mapping,
  printTarget,
  relid,
  rowCounts,
  version,
  whenMapping,
  word,
} from './values.js';
import { step } from './step.js';
import { traffic, workload } from './workload.js';

const maxCpus = 8192;
const cpuNumber = int(1, maxCpus);
const cpusText = 'a number of CPUs or a mapping such as {present: 8, online: "0-3"}';

const cpus = z.union(
  [
    cpuNumber,
    mapping(cpusText, {
      present: cpuNumber.describe('CPUs plugged in'),
      possible: cpuNumber.optional().describe('CPUs that there is room for; default: those present'),
      online: cpuList.optional().describe('CPUs online from the start; default: all present ones'),
      isolated: cpuList
        .optional()
        .describe('CPUs that managed interrupts keep away from (isolcpus=managed_irq)'),
      nohzFull: cpuList.optional().describe('CPUs without a timer tick (nohz_full)'),
      nodes: int(1, 1024).optional().describe('NUMA nodes; default 1'),
      packages: int(1, 1024).optional().describe('Sockets; default: as many as nodes'),
      threadsPerCore: int(1, 8).optional().describe('Hardware threads of each core; default 1'),
    }),
  ],
  { error: cpusText },
);

const host = mapping('a mapping such as {version: "5.3"}', {
  version: version(vmbusVersions).optional().describe('Newest VMBus version that the host accepts'),
  latency: mapping('a mapping such as {modifyChannel: 1ms}', {
    message: duration.optional().describe('From a control message to its answer, where nothing else is said'),
    open: duration.optional().describe('Opening a channel'),
    gpadl: duration.optional().describe('Taking over the memory of a ring buffer'),
    modifyChannel: duration
      .optional()
      .describe('Until the host interrupts the new CPU instead of the old one'),
  })
    .optional()
    .describe('How long the host takes'),
  sockets: list('a list of ports', int(0, 0xffffffff))
    .optional()
    .describe('Vsock ports that services of the host listen on'),
  storage: traffic('From an I/O to its completion; default 100us').optional().describe('Disks'),
  network: traffic('From a sent packet to its completion; default 20us')
    .optional()
    .describe('Network adapters'),
  misbehave: list('a list of rules', misbehaveRule)
    .optional()
    .describe('What the host does that it must not'),
});

const nonEmpty = z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' });

const bool = z.boolean({ error: 'true or false' });
/** Chips number their interrupts with 64 bits, of which as many are modelled as a number holds exactly. */
const hwirq = int(0, Number.MAX_SAFE_INTEGER);

const interrupt = mapping('an interrupt, e.g. {irq: 8, chip: IO-APIC, hwirq: 8, flow: edge, name: rtc0}', {
  irq: irq.describe('Linux IRQ number'),
  chip: nonEmpty.describe('Name of the chip'),
  chipPrinted: bool.optional().describe('The chip writes its name itself, without padding'),
  hwirq: hwirq
    .nullable()
    .optional()
    .describe("The chip's own number; default: the Linux number; null: in no irqdomain"),
  flow: word(interruptFlows).describe('Flow handler'),
  flowName: nonEmpty
    .nullable()
    .optional()
    .describe('What the flow handler is called; default: flow on x86, nothing on arm64; null: nothing'),
  trigger: word(['edge', 'level']).optional().describe('Default: edge for the edge flow, else level'),
  name: z
    .string({ error: 'a text' })
    .optional()
    .describe('Name of the action; default: nobody has requested the interrupt'),
  affinity: cpuList.optional().describe('CPUs that it may go to; default: all'),
  counts: cpuCounts.optional().describe('Counts from the start; default 0'),
});

const channel = mapping('a channel, e.g. {relid: 13, cpu: 2}', {
  relid,
  cpu: cpu.optional().describe('CPU that it interrupts; default: where the guest puts it'),
  counts: cpuCounts.optional().describe('Counts of its interrupt; default: what booting gave'),
});

const blanks = int(0, 80);

const architectureRow = mapping('a row, e.g. {label: NMI, counts: [0, 1], text: Non-maskable interrupts}', {
  label: nonEmpty.describe('Name of the row'),
  text: z.string({ error: 'a text' }).optional().describe('What stands behind the counts'),
  counts: rowCounts.optional().describe('A count for each CPU; default: the row is only a text'),
  total: hwirq.optional().describe('One number for the whole machine instead of counts'),
  lead: blanks.optional().describe('Blanks before the ten columns of the first count'),
  gap: blanks.optional().describe('Blanks behind the last count'),
  above: bool.optional().describe('The row stands above the interrupts'),
}).superRefine((value, context) => {
  if (keysIn(value, ['counts', 'total']).length < 2) return;
  context.addIssue({ code: 'custom', message: '"counts" and "total" do not go together', path: ['total'] });
}, whenMapping);

const rowsText = 'a mapping such as {IWI: {0: 1, 7: 2}}';

const procInterrupts = mapping('a mapping such as {form: "3.18"}', {
  form: version(interruptsForms).optional().describe("Layout; default: that of the guest's kernel"),
  arch: word(interruptsArchs).optional().describe("Architecture; default: the guest's"),
  levelColumn: bool.optional().describe('Whether there is a Level/Edge column'),
  chipWidth: int(8, 255).optional().describe('Width that the chip column of form 7.2 has at least'),
});

/** Keys of a scenario file. */
export const scenarioShape = {
  description: z.string({ error: 'a text' }).optional().describe('What the scenario shows'),
  kernel: version(kernelVersions).optional().describe('Linux version whose behaviour is modelled'),
  arch: word(architectures).optional().describe('Architecture of the guest; default x86_64'),
  cpus: cpus.describe('CPUs of the guest: their number, or more about them'),
  nrIrqs: int(17, 0x7fffffff).optional().describe('Number of IRQs; default: what Linux computes'),
  seed: int(0, 0xffffffff).optional().describe('Of all that is random; default 1'),
  interruptTime: duration
    .optional()
    .describe('How long an interrupt keeps its CPU from the next one; default 0s'),
  host: host.optional().describe('Hyper-V'),
  isolation: bool.optional().describe('A confidential VM, which does not trust its host; default false'),
  design: design.optional().describe('Designs other than those that the RFC proposes'),
  devices: list('a list of devices', device).optional().describe("Devices in the order of the host's offers"),
  interrupts: list('a list of interrupts', interrupt).optional().describe('Interrupts outside VMBus'),
  kvm: kvm.optional().describe('Level-triggered devices of user space, where KVM is under the guest'),
  channels: list('a list of channels', channel)
    .optional()
    .describe('State of channels once the guest has booted'),
  architectureRows: z
    .union([z.record(z.string(), cpuCounts, { error: rowsText }), list(rowsText, architectureRow)], {
      error: rowsText,
    })
    .optional()
    .describe('Counts of the rows that have a name instead of a number, or a list of all such rows'),
  procInterrupts: procInterrupts.optional().describe('How /proc/interrupts is shown'),
  vmbus: bool.optional().describe('false: a machine without Hyper-V; default true'),
  workload: workload.optional().describe('Who signals how often'),
  timeline: list('a list of steps', step).optional().describe('What is done when, and what must come of it'),
  run: duration.optional().describe('How long the guest runs; default: until workload and timeline are over'),
  print: list('a list such as [interrupts]', printTarget).optional().describe('What to print at the end'),
};

/** A scenario file. The published JSON Schema is made of this, too. */
export const scenarioSchema = mapping('a mapping of keys such as "cpus" and "devices"', scenarioShape);

export type ScenarioKeys = z.output<typeof scenarioSchema>;
