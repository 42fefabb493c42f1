import type { Ns } from '../../lib/brand.js';
import { duration } from '../schema/notations.js';
import type { DiskIoOptions } from '../port.js';
import { int } from '../schema/shapes.js';
import { countCompletion, type DiskWorkload, type IoTally, submitterChoice } from './submitters.js';
import { checkEnds, checkUntil } from './times.js';
import type { WorkloadForm, WorkloadKind } from './workload.js';

/** A number of I/Os under way: each completion submits the next one, on the same CPU. */
export type DiskLoop = DiskWorkload & {
  readonly kind: 'diskLoop';
  /** I/Os under way all the time. */
  readonly outstanding: number;
  /** Undefined: no end by number. */
  readonly ios: number | undefined;
  /** No I/O begins from then on; undefined: until the end of the run, or of the I/Os. */
  readonly untilNs: Ns | undefined;
};

const keys = {
  outstanding: int(1, 65_536).optional().describe('So many I/Os are under way all the time'),
  ios: int(1, 1_000_000_000).optional().describe('outstanding: end after so many I/Os'),
  until: duration.optional().describe('outstanding: end; default: after "ios", or the end of the run'),
};

export const diskLoopForm: WorkloadForm<typeof keys> = {
  keys,
  oneOf: [{ required: ['outstanding'] }],
  dependencies: { ios: ['outstanding'], until: ['outstanding'] },
};

export const diskLoop: WorkloadKind<DiskLoop> = {
  kind: 'diskLoop',
  device: { key: 'disk', driver: 'storvsc', pci: ['nvme', 'virtio-blk', 'msix'] },
  endNs: ({ untilNs }) => untilNs,
  endsByItself: ({ ios }) => ios !== undefined,
  isOver: ({ ios }, { sent, unsent, completed = 0 }) =>
    ios === undefined || unsent > 0 || (sent >= ios && completed >= sent),
  start(guest, item, { startNs, endNs }) {
    const { outstanding, ios = Number.POSITIVE_INFINITY, fromNs, untilNs = endNs } = item;
    const tally: IoTally = { sent: 0, unsent: 0, completed: 0 };
    const until = startNs + Math.min(untilNs, endNs);
    const submitters = submitterChoice(item);
    const target = item.device ?? item.relid;
    const submit = (io: DiskIoOptions): void => {
      if (tally.sent >= ios || guest.now >= until) return;
      if (guest.submitIo(target, io)) tally.sent += 1;
      else tally.unsent += 1;
    };
    const loop = (submitter: number): DiskIoOptions => {
      const io = {
        ...submitters(submitter),
        completed: (ok: boolean): void => {
          countCompletion(tally, ok);
          if (ok) submit(io);
        },
      };
      return io;
    };
    guest.at(startNs + fromNs, () => {
      for (let submitter = 0; submitter < outstanding; submitter++) submit(loop(submitter));
    });
    return tally;
  },
  checkItself: (item, report) => checkUntil(item, report),
  check(item, at, checks) {
    checks.cpus.checkList(item.cpus, [...at, 'cpus']);
    if (item.ios !== undefined) return;
    const endless = 'a workload with "outstanding" never ends: give it "ios" or "until", or the file "run"';
    checkEnds(item, at, checks, endless);
  },
};
