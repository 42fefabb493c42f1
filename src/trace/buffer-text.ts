import type { CpuId } from '../lib/brand.js';
import type { RingSet } from './ring-set.js';
import type { TraceArray } from './trace-array.js';
import { TracePrinter } from './trace-printer.js';
import { traceHead } from './trace-text.js';

const SNAPSHOT_COMMANDS = `# Snapshot commands:
# echo 0 > snapshot : Clears and frees snapshot buffer
# echo 1 > snapshot : Allocates snapshot buffer, if not already allocated.
#                      Takes a snapshot of the main buffer.
# echo 2 > snapshot : Clears snapshot buffer (but does not allocate or free)
#                      (Doesn't have to be '2' works with any number that
#                       is not a '0' or '1')
`;
const CPU_SNAPSHOT_COMMANDS = `# Snapshot commands:
# echo 0 > snapshot : Invalid for per_cpu snapshot file.
# echo 1 > snapshot : Not supported with this kernel.
#                     Must use main snapshot file to allocate.
# echo 2 > snapshot : Clears this cpu's snapshot buffer (but does not allocate)
#                      (Doesn't have to be '2' works with any number that
#                       is not a '0' or '1')
`;

/** The text of `trace`, or of one CPU's (kernel/trace/trace.c, kernel/trace/trace_output.c). */
export function traceText(array: TraceArray, onlineCpus: number, cpu?: CpuId): string {
  return bufferText(array, array.rings, onlineCpus, cpu);
}

/** The text of `snapshot`, or of one CPU's: what it can do where there is nothing to show (print_snapshot_help). */
export function snapshotText(array: TraceArray, onlineCpus: number, cpu?: CpuId): string {
  const { snapshot } = array;
  if (snapshot !== undefined && snapshot.records(cpu).length > 0)
    return bufferText(array, snapshot, onlineCpus, cpu);
  const state = snapshot === undefined ? 'freed' : 'allocated';
  const commands = cpu === undefined ? SNAPSHOT_COMMANDS : CPU_SNAPSHOT_COMMANDS;
  return `# tracer: nop\n#\n#\n# * Snapshot is ${state} *\n#\n${commands}`;
}

function bufferText(array: TraceArray, rings: RingSet, onlineCpus: number, cpu?: CpuId): string {
  const { flags } = array;
  const { used } = rings;
  const there = used.reduce((sum, { entries }) => sum + entries, 0);
  const overrun = used.reduce((sum, ring) => sum + ring.overrun, 0);
  const shown = cpu === undefined ? used : [rings.of(cpu)];
  const isPlain = !['bin', 'hex', 'raw'].some((name) => flags.has(name));
  const notes = isPlain && flags.has('annotate') && shown.some((ring) => ring.overrun > 0);
  const started = new Set<CpuId>();
  const printer = new TracePrinter(array);
  let lines = '';
  for (const [at, record] of rings.records(cpu).entries()) {
    if (notes && !started.has(record.cpu)) {
      started.add(record.cpu);
      if (at > 0) lines += `##### CPU ${record.cpu} buffer started ####\n`;
    }
    lines += printer.line(record);
  }
  return traceHead({ there, overrun, onlineCpus }, flags) + lines;
}
