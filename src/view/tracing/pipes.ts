import type { CpuId } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { latin1Bytes } from '../../lib/text-bytes.js';
import { RawTracePipe } from '../../trace/binary/raw-pipe.js';
import { TracePipe } from '../../trace/pipe.js';
import type { Tracer } from '../../trace/tracer.js';
import { type FileNode, type FileStream, readAll } from '../tree-node.js';
import { traceFile } from './files.js';

function streamFile(openStream: () => FileStream): FileNode {
  return { ...traceFile(0o440, { read: () => readAll(openStream()) }), openStream };
}

/** `trace_pipe`, or that of a CPU (kernel/trace/trace.c tracing_pipe_fops). */
export function tracePipeFile(tracer: Tracer, cpu?: CpuId): FileNode {
  return streamFile(() => {
    const { pipeReaders, behaviour } = tracer;
    if (behaviour.tracePipeHasOneReader && !pipeReaders.open(cpu))
      throw new ErrnoError('EBUSY', 'another one reads trace_pipe; only one at a time may');
    const pipe = new TracePipe(tracer, cpu);
    return {
      read: (bytes, by) => {
        // Through the page cache only whole pages can be given.
        if (by === 'splice') throw new ErrnoError('EINVAL', 'trace_pipe cannot be spliced; read it');
        const text = pipe.read(bytes);
        return text === undefined ? undefined : latin1Bytes(text);
      },
      isReady: () => pipe.isReadable,
      close: () => pipeReaders.close(cpu),
    };
  });
}

/** `per_cpu/cpuN/trace_pipe_raw` (tracing_buffers_fops). */
export function rawTracePipeFile(tracer: Tracer, cpu: CpuId): FileNode {
  return streamFile(() => {
    const pipe = new RawTracePipe(tracer, cpu);
    return {
      read: (bytes, by) => pipe.read(bytes, by),
      isReady: (by) => (by === 'read' ? pipe.isReadable : pipe.isSpliceable),
    };
  });
}
