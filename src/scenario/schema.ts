import { z } from 'zod';
import { architectures, interruptFlows, kernelVersions, vmbusVersions } from './options.js';
import type { WorkloadItem } from './scenario.js';
import { device } from './schema-device.js';
import {
  count,
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
  version,
  whenMapping,
  word,
} from './schema-parts.js';
import { step } from './schema-step.js';

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
});

const nonEmpty = z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' });

const interrupt = mapping('an interrupt, e.g. {irq: 8, chip: IO-APIC, hwirq: 8, flow: edge, name: rtc0}', {
  irq: irq.describe('Linux IRQ number'),
  chip: nonEmpty.describe('Name of the chip'),
  hwirq: count.optional().describe("The chip's own number; default: the Linux number"),
  flow: word(interruptFlows).describe('Flow handler'),
  trigger: word(['edge', 'level']).optional().describe('Default: edge for the edge flow, else level'),
  name: nonEmpty.describe('Name of the action'),
  counts: cpuCounts.optional().describe('Counts from the start; default 0'),
});

const workload = mapping('a workload, e.g. {relid: 7, signals: 100, during: 10s}', {
  relid: relid.describe('Channel that the host signals'),
  from: duration.optional().describe('Start; default: the end of booting'),
  signals: int(1, 1_000_000_000).optional().describe('So many signals, evenly spread over "during"'),
  total: int(1, 1_000_000_000)
    .optional()
    .describe('As signals, but those of booting count too: so many signals to the channel in all'),
  during: duration.optional().describe('signals and total: over how long'),
  every: duration.optional().describe('A signal each time so much has passed'),
  jitter: duration.optional().describe('every: each time comes up to so much later, at random'),
  until: duration.optional().describe('every: end, not included; default: the end of the run'),
  burst: int(1, 1_000_000).optional().describe('every: signals each time; default 1'),
})
  .superRefine((value, context) => {
    const message = workloadProblem(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  }, whenMapping)
  .transform(
    ({ relid, from: fromNs = 0, signals, total, during, every, jitter, until, burst }): WorkloadItem => {
      const timed = { relid, fromNs, duringNs: during ?? 0 };
      if (signals !== undefined) return { kind: 'spread', ...timed, signals, sinceBoot: false };
      if (total !== undefined) return { kind: 'spread', ...timed, signals: total, sinceBoot: true };
      const timing = {
        everyNs: every ?? 1,
        jitterNs: jitter ?? 0,
        fromNs,
        untilNs: until,
        burst: burst ?? 1,
      };
      return { kind: 'periodic', relid, ...timing };
    },
  )
  .meta({
    oneOf: [{ required: ['signals', 'during'] }, { required: ['total', 'during'] }, { required: ['every'] }],
    dependencies: {
      signals: ['during'],
      total: ['during'],
      during: { oneOf: [{ required: ['signals'] }, { required: ['total'] }] },
      jitter: ['every'],
      until: ['every'],
      burst: ['every'],
    },
  });

function workloadProblem(value: object): string | undefined {
  const spread = keysIn(value, ['signals', 'total', 'during']);
  const periodic = keysIn(value, ['every', 'jitter', 'until', 'burst']);
  if (spread.length > 0 && periodic.length > 0)
    return `"${spread[0]}" and "${periodic[0]}" do not go together`;
  if (spread.length === 3) return '"signals" and "total" do not go together';
  if ((spread.length === 2 && spread[1] === 'during') || periodic[0] === 'every') return undefined;
  return 'a workload needs "signals" or "total" and "during", or "every"';
}

/** Keys of a scenario file. */
export const scenarioShape = {
  description: z.string({ error: 'a text' }).optional().describe('What the scenario shows'),
  kernel: version(kernelVersions).optional().describe('Linux version whose behaviour is modelled'),
  arch: word(architectures).optional().describe('Architecture of the guest; default x86_64'),
  cpus: cpus.describe('CPUs of the guest: their number, or more about them'),
  nrIrqs: int(17, 1_000_000).optional().describe('Number of IRQs; default: what Linux computes'),
  seed: int(0, 0xffffffff).optional().describe('Of all that is random; default 1'),
  interruptTime: duration
    .optional()
    .describe('How long an interrupt keeps its CPU from the next one; default 0s'),
  host: host.optional().describe('Hyper-V'),
  devices: list('a list of devices', device).optional().describe("Devices in the order of the host's offers"),
  interrupts: list('a list of interrupts', interrupt).optional().describe('Interrupts outside VMBus'),
  architectureRows: z
    .record(z.string(), cpuCounts, { error: 'a mapping such as {IWI: {0: 1, 7: 2}}' })
    .optional()
    .describe('Counts of the rows that have a name instead of a number'),
  workload: list('a list of workloads', workload).optional().describe('Who signals how often'),
  timeline: list('a list of steps', step).optional().describe('What is done when, and what must come of it'),
  run: duration.optional().describe('How long the guest runs; default: until workload and timeline are over'),
  print: list('a list such as [interrupts]', printTarget).optional().describe('What to print at the end'),
};

/** A scenario file. The published JSON Schema is made of this, too. */
export const scenarioSchema = mapping('a mapping of keys such as "cpus" and "devices"', scenarioShape);

export type ScenarioKeys = z.output<typeof scenarioSchema>;
