/** The rings of a channel: their memory, the side that writes, and the side that reads. */
export * from './ring-buffer.js';
export { RingReader } from './ring-reader.js';
export { RING_WRITE, RingWriter, type RingWriteResult } from './ring-writer.js';
