import { bool, cpuList, duration, relidOrName } from '../schema/notations.js';
import { int, keysIn, mapping, whenMapping } from '../schema/shapes.js';
import { type DiskLoop, diskLoopForm } from './disk-loop.js';
import { type DiskRate, diskRateForm } from './disk-rate.js';
import { queueTarget } from './target.js';

/** I/Os of a disk, in either form. */
export const disk = mapping('a workload, e.g. {disk: 14, outstanding: 32, ios: 1000}', {
  disk: relidOrName('nvme0').describe(
    'Storage controller, by the relid of its primary channel, or the name of a PCI device',
  ),
  from: duration.optional().describe('Start; default: the end of booting'),
  ...diskLoopForm.keys,
  ...diskRateForm.keys,
  lun: int(0, 254).optional().describe("Which of a storage controller's disks; default: the first one"),
  bytes: int(0, 524_288).optional().describe('Bytes of each I/O; default 4096'),
  write: bool.optional().describe('The I/Os write; default: they read'),
  cpus: cpuList.optional().describe('CPUs that submit, in turn; default: all'),
})
  .superRefine((value, context) => {
    const message = problem(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  }, whenMapping)
  .transform((value): DiskLoop | DiskRate => {
    const { disk: controller, from: fromNs = 0, outstanding, ios, until, iops, during } = value;
    const { bytes = 4096, write = false, cpus, lun } = value;
    const io = { ...queueTarget(controller), fromNs, bytes, isWrite: write, cpus, lun };
    if (outstanding !== undefined) return { kind: 'diskLoop', ...io, outstanding, ios, untilNs: until };
    const duringNs = during ?? 0;
    return { kind: 'diskRate', ...io, ios: Math.floor(((iops ?? 0) * duringNs) / 1e9), duringNs };
  })
  .meta({
    oneOf: [...diskLoopForm.oneOf, ...diskRateForm.oneOf],
    dependencies: { ...diskLoopForm.dependencies, ...diskRateForm.dependencies },
  });

function problem(value: object): string | undefined {
  const loop = keysIn(value, Object.keys(diskLoopForm.keys));
  const rate = keysIn(value, Object.keys(diskRateForm.keys));
  if (loop.length > 0 && rate.length > 0) return `"${loop[0]}" and "${rate[0]}" do not go together`;
  if (loop[0] === 'outstanding' || rate.length === 2) return undefined;
  return 'a disk workload needs "outstanding", or "iops" and "during"';
}
