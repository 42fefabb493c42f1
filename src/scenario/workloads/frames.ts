import type { Ns } from '../../lib/brand.js';
import { duration, relidOrName } from '../schema/notations.js';
import { int, keysIn, mapping, whenMapping, word } from '../schema/shapes.js';
import { checkDuring, evenly, inBursts } from './times.js';
import { type QueueTarget, queueTarget } from './target.js';
import type { SignalTally, WorkloadKind } from './workload.js';

/** Frames that come and go at even distances. */
export type Frames = QueueTarget & {
  readonly kind: 'frames';
  readonly direction: 'rx' | 'tx';
  /** The frames belong to so many flows in turn. */
  readonly flows: number;
  /** So many frames, `burst` at a time, evenly spread from `fromNs` over `duringNs`. */
  readonly packets: number;
  readonly burst: number;
  readonly fromNs: Ns;
  readonly duringNs: Ns;
  readonly bytes: number;
};

const number = int(1, 1_000_000_000);
/** Others wait for the end of so many frames: some 2 ms. */
const PORTION = 1_000;

export const nic = mapping('a workload, e.g. {nic: 13, flows: 16, packets: 1000, rate: 100, direction: rx}', {
  nic: relidOrName('virtio0').describe(
    'Network adapter, by the relid of its primary channel, or the name of a PCI device',
  ),
  from: duration.optional().describe('Start; default: the end of booting'),
  direction: word(['rx', 'tx']).optional().describe('rx: the host delivers, tx: the guest sends; default rx'),
  flows: int(1, 1_000_000).optional().describe('Connections that the packets belong to, in turn; default 1'),
  packets: number.describe('Number of packets'),
  rate: number.optional().describe('Packets each second'),
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
  .transform((value): Frames => {
    const { nic: adapter, from: fromNs = 0, direction = 'rx', flows = 1, packets, rate, during } = value;
    const duringNs = during ?? Math.ceil((packets * 1e9) / (rate ?? 1));
    const { burst = 1, bytes = 1514 } = value;
    return {
      kind: 'frames',
      ...queueTarget(adapter),
      fromNs,
      duringNs,
      direction,
      flows,
      packets,
      burst,
      bytes,
    };
  })
  .meta({ oneOf: [{ required: ['rate'] }, { required: ['during'] }] });

export const frames: WorkloadKind<Frames> = {
  kind: 'frames',
  device: { key: 'nic', driver: 'netvsc', pci: ['virtio-net', 'mana'] },
  endNs: ({ fromNs, duringNs }) => fromNs + duringNs,
  endsByItself: () => false,
  isOver: () => true,
  start(guest, item, times) {
    const adapter = item.device ?? item.relid;
    const { direction, flows, packets, burst, bytes } = item;
    const tally: SignalTally = { sent: 0, unsent: 0 };
    let next = 0;
    inBursts(guest, { burst, portion: PORTION }, times, evenly(Math.ceil(packets / burst), item), (count) => {
      for (let i = 0; i < count && next < packets; i++, next++) {
        if (guest.frame(adapter, { direction, flow: next % flows, bytes })) tally.sent += 1;
        else tally.unsent += 1;
      }
    });
    return tally;
  },
  checkItself: ({ packets, burst, duringNs }, report) =>
    checkDuring(burst === 1 ? 'packets' : 'bursts', Math.ceil(packets / burst), duringNs, report),
};
