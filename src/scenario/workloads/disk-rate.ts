import type { Ns } from '../../lib/brand.js';
import { formatDuration } from '../duration.js';
import { duration } from '../schema/notations.js';
import { int } from '../schema/shapes.js';
import { countCompletion, type DiskWorkload, type IoTally, submitterChoice } from './submitters.js';
import { checkDuring, evenly, inBursts } from './times.js';
import type { WorkloadForm, WorkloadKind } from './workload.js';

/** I/Os at even distances, however many are under way. */
export type DiskRate = DiskWorkload & {
  readonly kind: 'diskRate';
  /** So many I/Os, evenly spread from `fromNs` over `duringNs`. */
  readonly ios: number;
  readonly duringNs: Ns;
};

const keys = {
  iops: int(1, 100_000_000).optional().describe('So many I/Os each second, however long they take'),
  during: duration.optional().describe('iops: for how long'),
};

export const diskRateForm: WorkloadForm<typeof keys> = {
  keys,
  oneOf: [{ required: ['iops', 'during'] }],
  dependencies: { iops: ['during'], during: ['iops'] },
};

export const diskRate: WorkloadKind<DiskRate> = {
  kind: 'diskRate',
  device: { key: 'disk', driver: 'storvsc', pci: ['nvme', 'virtio-blk', 'msix'] },
  endNs: ({ fromNs, duringNs }) => fromNs + duringNs,
  endsByItself: () => false,
  isOver: () => true,
  start(guest, item, times) {
    const tally: IoTally = { sent: 0, unsent: 0, completed: 0 };
    const submitters = submitterChoice(item);
    const completed = (ok: boolean): void => countCompletion(tally, ok);
    const target = item.device ?? item.relid;
    let next = 0;
    inBursts(guest, { burst: 1, portion: 1 }, times, evenly(item.ios, item), () => {
      if (guest.submitIo(target, { ...submitters(next++), completed })) tally.sent += 1;
      else tally.unsent += 1;
    });
    return tally;
  },
  checkItself({ ios, duringNs }, report) {
    checkDuring('I/Os', ios, duringNs, report);
    if (ios < 1 && duringNs > 0)
      report(['iops'], `expected enough for one I/O in ${formatDuration(duringNs)}`);
  },
  check: ({ cpus: submitters }, at, { cpus }) => cpus.checkList(submitters, [...at, 'cpus']),
};
