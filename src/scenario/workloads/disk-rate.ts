import type { Ns } from '../../lib/brand.js';
import { formatDuration } from '../duration.js';
import { duration } from '../schema/notations.js';
import { int } from '../schema/shapes.js';
import { countCompletion, type DiskWorkload, type IoTally, submitterChoice } from './submitters.js';
import { checkDuring, spreadEvenly } from './times.js';
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
    spreadEvenly(guest, item.ios, item, times, (index) => {
      if (guest.submitIo(target, { ...submitters(index), completed })) tally.sent += 1;
      else tally.unsent += 1;
    });
    return tally;
  },
  check({ cpus, ios, duringNs }, at, checks) {
    checks.cpus.checkList(cpus, [...at, 'cpus']);
    checkDuring('I/Os', ios, duringNs, at, checks);
    if (ios < 1 && duringNs > 0)
      checks.report([...at, 'iops'], `expected enough for one I/O in ${formatDuration(duringNs)}`);
  },
};
