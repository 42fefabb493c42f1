// A bare ring of bytes in this language: the limit of work that goes over the rings of a channel.
import { secondsSince } from './cpu-time.js';

const BYTES = 1 << 17;

class Ring {
  bytes = new Uint8Array(BYTES);
  words = new Uint32Array(this.bytes.buffer);
  written = 0;
  read = 0;

  /** Lengths in words of 32 bits; the first has the length. */
  write(packet, length) {
    const mask = this.words.length - 1;
    for (let i = 0; i < length; i++) this.words[(this.written + i) & mask] = packet[i];
    this.written += length;
  }

  take(packet) {
    const mask = this.words.length - 1;
    const length = this.words[this.read & mask];
    for (let i = 0; i < length; i++) packet[i] = this.words[(this.read + i) & mask];
    this.read += length;
    return length;
  }
}

/**
 * Packets go one way, and an answer to each the other way.
 *
 * @param bytes of a packet, and of its answer.
 * @returns packets a second of CPU.
 */
export function bareRing(count, bytes, answerBytes) {
  const there = new Ring();
  const back = new Ring();
  const packet = new Uint32Array(64);
  const taken = new Uint32Array(64);
  let answered = 0;
  const from = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    packet[0] = bytes >> 2;
    packet[1] = i;
    there.write(packet, bytes >> 2);
    there.take(taken);
    taken[0] = answerBytes >> 2;
    back.write(taken, answerBytes >> 2);
    back.take(packet);
    if (packet[1] === i) answered += 1;
  }
  const seconds = secondsSince(from);
  if (answered !== count) throw new Error('packets are missing');
  return count / seconds;
}
