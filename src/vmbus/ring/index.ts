/** The rings of a channel: their memory, the side that writes, and the side that reads. */
export * from './buffer.js';
export { RingCounters } from './counters.js';
export { RingReader } from './reader.js';
export { RING_WRITE, RingWriter, type RingWriteResult } from './writer.js';
