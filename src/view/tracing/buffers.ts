import type { CpuId } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { kstrtoul } from '../../lib/kstrtox.js';
import type { Machine } from '../../machine/machine.js';
import { snapshotText, traceText } from '../../trace/buffer-text.js';
import { EXPANDED_KB } from '../../trace/ring-set.js';
import type { TraceArray } from '../../trace/trace-array.js';
import { secondsText } from '../../trace/trace-text.js';
import { type FileNode, StaticDirectory } from '../tree-node.js';
import { numberFile, shown, traceFile } from './files.js';
import { rawTracePipeFile, tracePipeFile } from './pipes.js';

// Files that show the buffers of an instance, and set their sizes (kernel/trace/trace.c).

const KIB = 1024;
/** Memory pages that a page of a buffer may have, as a power of two. */
const MOST_ORDER = 7;

/** `trace`, or that of one CPU. */
export function traceTextFile(array: TraceArray, { online }: Machine, cpu?: CpuId): FileNode {
  return traceFile(
    0o640,
    { read: () => traceText(array, online.weight, cpu), write: (data) => data.length },
    () => array.reset(cpu),
  );
}

/** `snapshot`, or that of one CPU, which this kernel cannot take alone (without CONFIG_RING_BUFFER_ALLOW_SWAP). */
export function snapshotFile(array: TraceArray, { online }: Machine, cpu?: CpuId): FileNode {
  return numberFile(
    () => snapshotText(array, online.weight, cpu),
    (deed) => {
      array.expand();
      if (deed > 1) {
        array.snapshot?.reset(cpu);
        return;
      }
      if (cpu !== undefined)
        throw new ErrnoError(
          'EINVAL',
          `a snapshot is of all CPUs: write ${deed} to snapshot of the instance`,
        );
      if (deed === 1) array.takeSnapshot();
      else array.snapshot = undefined;
    },
  );
}

/** `buffer_size_kb`, or that of one CPU (tracing_entries_read, tracing_entries_write). */
export function bufferSizeFile(array: TraceArray, cpu?: CpuId): FileNode {
  return traceFile(0o640, {
    read: () => `${bufferSizeText(array, cpu)}\n`,
    write: (data) => {
      const kb = kstrtoul(data, 10);
      if (kb === 0n) throw new ErrnoError('EINVAL', 'a buffer has at least 1 KiB');
      const bytes = Number(BigInt.asUintN(64, kb * BigInt(KIB)));
      if (!array.rings.hasMemoryFor(bytes, cpu))
        throw new ErrnoError('ENOMEM', `there is no memory for buffers of ${kb} KiB`);
      array.resize(bytes, cpu);
      return data.length;
    },
  });
}

function bufferSizeText(array: TraceArray, cpu: CpuId | undefined): string {
  if (cpu !== undefined) return String(kibOf(array.rings.bytesOf(cpu)));
  const { bytes } = array.rings;
  if (bytes === undefined) return 'X';
  return array.expanded ? String(kibOf(bytes)) : `${kibOf(bytes)} (expanded: ${EXPANDED_KB})`;
}

/** `buffer_total_size_kb` */
export function totalSizeFile(array: TraceArray, { cpus }: Machine): FileNode {
  return shown(() => {
    const total = cpus.reduce((sum, { id }) => sum + kibOf(array.rings.bytesOf(id)), 0);
    return array.expanded ? `${total}\n` : `${total} (expanded: ${EXPANDED_KB * cpus.length})\n`;
  });
}

/** `buffer_subbuf_size_kb`: a power of two of memory pages, up to 128 of them. */
export function subbufSizeFile(array: TraceArray): FileNode {
  return numberFile(
    () => `${4 << array.rings.subbufOrder}\n`,
    (kb) => {
      const order = Math.ceil(Math.log2(Math.ceil(kb / 4)));
      if (!(order >= 0 && order <= MOST_ORDER))
        throw new ErrnoError('EINVAL', `a page of a buffer has 1 to ${4 << MOST_ORDER} KiB, not ${kb}`);
      array.rings.subbufOrder = order;
      if (array.snapshot !== undefined) array.snapshot.subbufOrder = order;
    },
  );
}

/** `per_cpu/cpuN` */
export function cpuDirectory(array: TraceArray, machine: Machine, cpu: CpuId): StaticDirectory {
  return new StaticDirectory(0o750, {
    buffer_size_kb: bufferSizeFile(array, cpu),
    snapshot: snapshotFile(array, machine, cpu),
    stats: shown(() => statsText(array, cpu)),
    trace: traceTextFile(array, machine, cpu),
    trace_pipe: tracePipeFile(array, cpu),
    trace_pipe_raw: rawTracePipeFile(array, cpu),
  });
}

/** tracing_stats_read */
function statsText(array: TraceArray, cpu: CpuId): string {
  const ring = array.ringOf(cpu);
  const [oldest] = ring;
  const time = (ns: number): string => (array.clockInNs ? secondsText(ns).slice(1) : String(ns));
  return (
    `entries: ${ring.entries}\noverrun: ${ring.overrun}\ncommit overrun: 0\nbytes: ${ring.bytes}\n` +
    `oldest event ts: ${time(oldest?.ns ?? 0)}\nnow ts: ${time(array.now)}\ndropped events: ${ring.dropped}\nread events: ${ring.readEvents}\n`
  );
}

function kibOf(bytes: number): number {
  return Math.floor(bytes / KIB);
}
