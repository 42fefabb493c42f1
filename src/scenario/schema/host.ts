import { z } from 'zod';
import {
  type HostLatencies,
  type HostOptions,
  pciProtocolVersions,
  type TrafficOptions,
  vmbusVersions,
} from '../options/host.js';
import { misbehaveRule } from './misbehave-rule.js';
import { bool, duration, nanoseconds, u32 } from './notations.js';
import { inOptions } from './option-form.js';
import { int, list, mapping, version, word } from './shapes.js';

const modifyChannel = inOptions(
  z.union([duration, z.literal('never').transform(() => Number.POSITIVE_INFINITY)], {
    error: 'a duration such as 300us, or never',
  }),
  z.union([nanoseconds, z.literal(Number.POSITIVE_INFINITY)], {
    error: 'a whole number of nanoseconds from 0 on, or Infinity',
  }),
  'Ns',
);

const batchCount = int(1, 65_536);
const trafficOption = mapping('an object such as {latencyNs: 100000, batch: {count: 8}}', {
  latencyNs: nanoseconds.optional(),
  batch: mapping('an object such as {count: 8, waitNs: 50000}', {
    count: batchCount.optional(),
    waitNs: nanoseconds.optional(),
  }).optional(),
});

export function hostOptions({ latency, ...others }: z.output<typeof host>): HostOptions {
  if (latency === undefined) return others;
  return { ...others, latency: latencies(latency) };
}

/** Latencies by the names of a scenario file, for the host. */
export function latencies({
  message: messageNs,
  open: openNs,
  gpadl: gpadlNs,
  modifyChannel: modifyChannelNs,
  eventPort: eventPortNs,
  poll: pollNs,
}: NonNullable<z.output<typeof host>['latency']>): HostLatencies {
  return { messageNs, openNs, gpadlNs, modifyChannelNs, eventPortNs, pollNs };
}

export const host = mapping('a mapping such as {version: "5.3"}', {
  version: version(vmbusVersions)
    .optional()
    .describe('Newest VMBus version that the host accepts; default 5.3'),
  latency: mapping('a mapping such as {modifyChannel: 1ms}', {
    message: duration.optional().describe('From a control message to its answer, where nothing else is said'),
    open: duration.optional().describe('Opening a channel'),
    gpadl: duration.optional().describe('Taking over the memory of a ring buffer'),
    modifyChannel: modifyChannel
      .optional()
      .describe('Until the host interrupts the new CPU instead of the old one, and says so'),
    eventPort: duration
      .optional()
      .describe("From a channel's opening until the guest's signals reach the host; earlier ones are lost"),
    poll: duration
      .optional()
      .describe('Between two looks where the host polls: at a full ring, at the page of monitors'),
  })
    .optional()
    .describe('How long the host takes'),
  pendingSendSz: bool
    .optional()
    .describe('The host has feat_pending_send_sz; false: it polls full rings. Default true'),
  messageBuffers: int(0, 1_000_000)
    .optional()
    .describe('Messages of the guest that the host can hold before it deals with them; default: any number'),
  throttle: mapping('a mapping such as {signals: 100, within: 1s, suspend: 3s}', {
    signals: int(1, 1_000_000).describe('So many needless signals of the guest'),
    within: duration.describe('in so long a time'),
    suspend: duration.describe('have the host suspend it for so long'),
  })
    .transform(({ signals, within, suspend }) => ({ signals, withinNs: within, suspendNs: suspend }))
    .optional()
    .describe('When the host suspends a guest that signals without need; default: never'),
  sockets: list('a list of ports', u32)
    .optional()
    .describe('Vsock ports that services of the host listen on'),
  storage: traffic('From an I/O to its completion; default 100us').optional().describe('Disks'),
  network: traffic('From a sent packet to its completion; default 20us')
    .optional()
    .describe('Network adapters'),
  modifyClosed: word(['fails', 'ignored'])
    .optional()
    .describe('What comes of a MODIFYCHANNEL for a channel that is not open; default fails'),
  status: mapping('a mapping such as {modifyChannel: 5}', {
    modifyChannel: u32.optional().describe('Of MODIFYCHANNEL_RESPONSE; other than 0: the channel stays'),
    open: u32.optional().describe('Of OPENCHANNEL_RESULT; other than 0: the channel stays closed'),
  })
    .optional()
    .describe('What the host answers with; default 0'),
  pci: mapping('a mapping such as {version: "1.4"}', {
    version: version(pciProtocolVersions)
      .optional()
      .describe('Newest version of their protocol; default 1.4'),
  })
    .optional()
    .describe('PCI buses that are passed through'),
  misbehave: list('a list of rules', misbehaveRule)
    .optional()
    .describe('What the host does that it must not'),
});

/** What can be said of the host's model of a device that moves data. */
function traffic(latency: string) {
  const written = mapping('a mapping such as {latency: 100us, batch: 8}', {
    latency: duration.optional().describe(latency),
    batch: batchCount
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
  return inOptions(written, trafficOption);
}
