import { ErrnoError } from '../../lib/errno.js';
import type { OpenedStream, StreamUse } from './files.js';

/** An answer that waits, until a signal wakes who waits for it. */
export interface InterruptibleAnswer {
  readonly answer: Promise<Uint8Array>;
  /** The answer becomes EINTR. */
  interrupt(): void;
}

/**
 * One read of a stream.
 *
 * @param waits false: it was opened with O_NONBLOCK.
 * @throws ErrnoError EAGAIN if there is nothing yet and it may not wait.
 */
export function readStream(
  stream: OpenedStream,
  bytes: number,
  by: StreamUse,
  waits: boolean,
): Uint8Array | InterruptibleAnswer {
  const given = stream.read(bytes, by);
  if (given !== undefined) return given;
  if (!waits) throw new ErrnoError('EAGAIN', 'there is nothing to read yet');
  let interrupted = false;
  const waiting = async (): Promise<Uint8Array> => {
    for (;;) {
      await stream.ready(by, () => interrupted);
      if (interrupted) throw new ErrnoError('EINTR', 'a signal came before there was anything to read');
      const later = stream.read(bytes, by);
      if (later !== undefined) return later;
      // Another reader was faster: on to the next.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  return {
    answer: waiting(),
    interrupt: () => {
      interrupted = true;
    },
  };
}
