import type { CpuId } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { latin1Bytes } from '../../lib/text-bytes.js';
import { RawTracePipe } from '../../trace/binary/raw-pipe.js';
import { TracePipe } from '../../trace/pipe.js';
import type { TraceArray } from '../../trace/trace-array.js';
import { type FileNode, type FileStream, readAll } from '../tree-node.js';
import { traceFile } from './files.js';

function streamFile(openStream: () => FileStream): FileNode {
  return { ...traceFile(0o440, { read: () => readAll(openStream()) }), openStream };
}

/** `trace_pipe`, or that of a CPU (kernel/trace/trace.c tracing_pipe_fops). */
export function tracePipeFile(array: TraceArray, cpu?: CpuId): FileNode {
  return streamFile(() => {
    const { pipeReaders, system } = array;
    if (system.behaviour.tracePipeHasOneReader && !pipeReaders.open(cpu))
      throw new ErrnoError('EBUSY', 'another one reads trace_pipe; only one at a time may');
    const pipe = new TracePipe(array, cpu);
    array.readers += 1;
    return {
      read: (bytes, by) => {
        // Through the page cache only whole pages can be given.
        if (by === 'splice') throw new ErrnoError('EINVAL', 'trace_pipe cannot be spliced; read it');
        const text = pipe.read(bytes);
        return text === undefined ? undefined : latin1Bytes(text);
      },
      isReady: () => pipe.isReadable,
      close: () => {
        pipeReaders.close(cpu);
        array.readers -= 1;
      },
    };
  });
}

/** `per_cpu/cpuN/trace_pipe_raw` (tracing_buffers_fops). */
export function rawTracePipeFile(array: TraceArray, cpu: CpuId): FileNode {
  return streamFile(() => {
    const pipe = new RawTracePipe(array, cpu);
    array.readers += 1;
    return {
      read: (bytes, by) => pipe.read(bytes, by),
      isReady: (by) => (by === 'read' ? pipe.isReadable : pipe.isSpliceable),
      close: () => {
        array.readers -= 1;
      },
    };
  });
}
