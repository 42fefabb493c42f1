/** The key of the Toeplitz hash that drivers and adapters agree on unless told otherwise (netvsc_hash_key). */
const KEY_HEX = '6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa';
const key = Uint8Array.from(KEY_HEX.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

const cache: number[] = [];

/**
 * Hash of a flow, by its number: the Toeplitz hash of the TCP connection from 10.0.0.4, port 32768 + flow, to 10.0.0.5,
 * port 443.
 */
export function flowHash(flow: number): number {
  cache[flow] ??= toeplitz(tuple(flow));
  return cache[flow];
}

function tuple(flow: number): Uint8Array {
  const bytes = Uint8Array.of(10, 0, 0, 4, 10, 0, 0, 5, 0, 0, 0, 0);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, (32768 + flow) & 0xffff);
  view.setUint16(10, 443);
  return bytes;
}

/** The Toeplitz hash of receive side scaling. */
export function toeplitz(input: Uint8Array): number {
  let window = ((key[0] << 24) | (key[1] << 16) | (key[2] << 8) | key[3]) >>> 0;
  let hash = 0;
  input.forEach((byte, i) => {
    for (let bit = 7; bit >= 0; bit--) {
      if (((byte >>> bit) & 1) !== 0) hash ^= window;
      window = ((window << 1) | ((key[i + 4] >>> bit) & 1)) >>> 0;
    }
  });
  return hash >>> 0;
}
