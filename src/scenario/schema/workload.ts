import { z } from 'zod';
import type { TrafficOptions } from '../options.js';
import type { WorkloadItem } from '../scenario.js';
import { cpuList, duration, int, keysIn, list, mapping, relid, whenMapping, word } from './values.js';

const from = duration.optional().describe('Start; default: the end of booting');
const frames = int(1, 1_000_000_000);

const signals = mapping('a workload, e.g. {relid: 7, signals: 100, during: 10s}', {
  relid: relid.describe('Channel that the host signals'),
  from,
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
    const message = signalsProblem(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  }, whenMapping)
  .transform((value): WorkloadItem => {
    const {
      relid: channel,
      from: fromNs = 0,
      signals: count,
      total,
      during,
      every,
      jitter,
      until,
      burst,
    } = value;
    const timed = { relid: channel, fromNs, duringNs: during ?? 0 };
    if (count !== undefined) return { kind: 'spread', ...timed, signals: count, sinceBoot: false };
    if (total !== undefined) return { kind: 'spread', ...timed, signals: total, sinceBoot: true };
    return {
      kind: 'periodic',
      relid: channel,
      everyNs: every ?? 1,
      jitterNs: jitter ?? 0,
      fromNs,
      untilNs: until,
      burst: burst ?? 1,
    };
  })
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

function signalsProblem(value: object): string | undefined {
  const spread = keysIn(value, ['signals', 'total', 'during']);
  const periodic = keysIn(value, ['every', 'jitter', 'until', 'burst']);
  if (spread.length > 0 && periodic.length > 0)
    return `"${spread[0]}" and "${periodic[0]}" do not go together`;
  if (spread.length === 3) return '"signals" and "total" do not go together';
  if ((spread.length === 2 && spread[1] === 'during') || periodic[0] === 'every') return undefined;
  return 'a workload needs "signals" or "total" and "during", or "every"';
}

const disk = mapping('a workload, e.g. {disk: 14, outstanding: 32, ios: 1000}', {
  disk: relid.describe('Storage controller, by the relid of its primary channel'),
  from,
  outstanding: int(1, 65_536).optional().describe('So many I/Os are under way all the time'),
  ios: int(1, 1_000_000_000).optional().describe('outstanding: end after so many I/Os'),
  until: duration.optional().describe('outstanding: end; default: after "ios", or the end of the run'),
  iops: int(1, 100_000_000).optional().describe('So many I/Os each second, however long they take'),
  during: duration.optional().describe('iops: for how long'),
  bytes: int(0, 524_288).optional().describe('Bytes of each I/O; default 4096'),
  write: z.boolean({ error: 'true or false' }).optional().describe('The I/Os write; default: they read'),
  cpus: cpuList.optional().describe('CPUs that submit, in turn; default: all'),
})
  .superRefine((value, context) => {
    const loop = keysIn(value, ['outstanding', 'ios', 'until']);
    const rate = keysIn(value, ['iops', 'during']);
    let message: string | undefined;
    if (loop.length > 0 && rate.length > 0) message = `"${loop[0]}" and "${rate[0]}" do not go together`;
    else if (loop[0] !== 'outstanding' && rate.length < 2) {
      message = 'a disk workload needs "outstanding", or "iops" and "during"';
    }
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  }, whenMapping)
  .transform((value): WorkloadItem => {
    const { disk: controller, from: fromNs = 0, outstanding, ios, until, iops, during } = value;
    const { bytes = 4096, write = false, cpus } = value;
    const io = { relid: controller, fromNs, bytes, isWrite: write, cpus };
    if (outstanding !== undefined) return { kind: 'diskLoop', ...io, outstanding, ios, untilNs: until };
    const duringNs = during ?? 0;
    return { kind: 'diskRate', ...io, ios: Math.floor(((iops ?? 0) * duringNs) / 1e9), duringNs };
  })
  .meta({
    oneOf: [{ required: ['outstanding'] }, { required: ['iops', 'during'] }],
    dependencies: { ios: ['outstanding'], until: ['outstanding'], iops: ['during'], during: ['iops'] },
  });

const nic = mapping('a workload, e.g. {nic: 13, flows: 16, packets: 1000, rate: 100, direction: rx}', {
  nic: relid.describe('Network adapter, by the relid of its primary channel'),
  from,
  direction: word(['rx', 'tx']).optional().describe('rx: the host delivers, tx: the guest sends; default rx'),
  flows: int(1, 1_000_000).optional().describe('Connections that the packets belong to, in turn; default 1'),
  packets: frames.describe('Number of packets'),
  rate: frames.optional().describe('Packets each second'),
  during: duration.optional().describe('In place of rate: over how long the packets are spread'),
  burst: int(1, 1_000_000).optional().describe('Packets each time, in place of one; default 1'),
  bytes: int(1, 65_535).optional().describe('Bytes of each packet; default 1514'),
})
  .superRefine((value, context) => {
    const given = keysIn(value, ['rate', 'during']);
    if (given.length === 1) return;
    const message =
      given.length === 0
        ? 'a network workload needs "rate" or "during"'
        : '"rate" and "during" do not go together';
    context.addIssue({ code: 'custom', message });
  }, whenMapping)
  .transform((value): WorkloadItem => {
    const { nic: adapter, from: fromNs = 0, direction = 'rx', flows = 1, packets, rate, during } = value;
    const duringNs = during ?? Math.ceil((packets * 1e9) / (rate ?? 1));
    const { burst = 1, bytes = 1514 } = value;
    return { kind: 'frames', relid: adapter, fromNs, duringNs, direction, flows, packets, burst, bytes };
  })
  .meta({ oneOf: [{ required: ['rate'] }, { required: ['during'] }] });

const what =
  'a workload such as {relid: 7, signals: 100, during: 10s}, {disk: 14, outstanding: 32, ios: 1000} or ' +
  '{nic: 13, packets: 1000, rate: 100}';

export const workload = list('a list of workloads', z.union([signals, disk, nic], { error: what }));

/** What can be said of the host's model of a device that moves data. */
export function traffic(latency: string) {
  return mapping('a mapping such as {latency: 100us, batch: 8}', {
    latency: duration.optional().describe(latency),
    batch: int(1, 65_536)
      .optional()
      .describe('The host interrupts once for so many packets to the guest; default 1'),
    batchTime: duration
      .optional()
      .describe(
        'batch: after so long for fewer, too; default 0s: only what is ready at the same time goes together',
      ),
  }).transform(
    ({ latency: latencyNs, batch, batchTime }): TrafficOptions => ({
      latencyNs,
      batch: { count: batch, waitNs: batchTime },
    }),
  );
}
