// The work of simulate, storage and network, written barely in this language and with nothing of irqlab: a disk's I/Os and
// an adapter's frames go as packets with descriptor and trailer through rings of words, each side checks what it reads and
// masks signals while it does, the host takes its time by the bare queue and answers in batches, and its signals go the bare
// dispatch and a tasklet. There is one device, nothing can fail or be closed, nobody traces or explores, and no module ends
// anywhere: what is left is what the work itself costs.
import { bareCallback, bareSignal } from './bare-dispatch.js';
import { secondsSince } from './cpu-time.js';
import { BareQueue } from './queue.js';

const CHANNELS = 4;
const WORDS = 1 << 15;
const MASK = WORDS - 1;
const DESCRIPTOR = 4;
const TRAILER = 2;
/** From a signal of the guest to the host's look at the ring. */
const HEARS_NS = 10_000;
/** Events of the queue: a kind in the low bits, a channel or number above. */
const KIND = { hostReads: 0, isDone: 1, flush: 2, arrives: 3 };

/** One direction of a channel: words, with the indexes and the mask that the sides share. */
class PacketRing {
  words = new Uint32Array(WORDS);
  writeIndex = 0;
  readIndex = 0;
  masked = 0;
  /** What the reader has read: where the next packet begins, and the id of the last one. */
  next = 0;
  id = 0;

  /** @returns true if the reader is to be signalled. */
  write(type, id, payload) {
    const { words } = this;
    const { length } = payload;
    const start = this.writeIndex;
    const free = WORDS - ((start - this.readIndex) & MASK);
    if (free <= DESCRIPTOR + length + TRAILER) throw new Error('the bare ring is full');
    words[start] = type | (DESCRIPTOR << 17);
    words[(start + 1) & MASK] = (DESCRIPTOR + length) >> 1;
    words[(start + 2) & MASK] = id;
    words[(start + 3) & MASK] = 0;
    let at = (start + DESCRIPTOR) & MASK;
    for (let i = 0; i < length; i++) {
      words[at] = payload[i];
      at = (at + 1) & MASK;
    }
    words[at] = 0;
    words[(at + 1) & MASK] = start << 2;
    this.writeIndex = (at + TRAILER) & MASK;
    return this.masked === 0 && start === this.readIndex;
  }

  /** Copies the next packet's payload. @returns its words; 0 if there is no packet. */
  read(payload) {
    const { words } = this;
    const start = this.next;
    const there = (this.writeIndex - start) & MASK;
    if (there === 0) return 0;
    const type = words[start] & 0xffff;
    const length = (words[(start + 1) & MASK] & 0xffff) << 1;
    if (type === 0 || type > 13 || words[start] >>> 17 < DESCRIPTOR) throw new Error('a packet of no type');
    if (length < DESCRIPTOR || length + TRAILER > there) throw new Error('a packet of no length');
    if (words[(start + length + 1) & MASK] !== start << 2) throw new Error('a packet without an end');
    this.id = words[(start + 2) & MASK];
    let at = (start + DESCRIPTOR) & MASK;
    for (let i = 0; i < length - DESCRIPTOR; i++) {
      payload[i] = words[at];
      at = (at + 1) & MASK;
    }
    this.next = (start + length + TRAILER) & MASK;
    return length - DESCRIPTOR;
  }

  /** What was read is free again; signals come again. @returns true if more has come. */
  close() {
    this.readIndex = this.next;
    this.masked = 0;
    return this.next !== this.writeIndex;
  }
}

/**
 * @param batch of the host's packets for the guest, and how long one waits for others at most.
 * @param hostTakes is called for each packet of the guest, `guestTakes` for each of the host.
 */
class Device {
  queue = new BareQueue(1024);
  now = 0;
  toHost = Array.from({ length: CHANNELS }, () => new PacketRing());
  toGuest = Array.from({ length: CHANNELS }, () => new PacketRing());
  payload = new Uint32Array(64);
  batches = Array.from({ length: CHANNELS }, () => []);
  flushes = new Uint32Array(CHANNELS);
  tasklets = [];

  constructor(batch, waitNs, hostTakes, guestTakes) {
    Object.assign(this, { batch, waitNs, hostTakes, guestTakes });
    for (let channel = 0; channel < CHANNELS; channel++) {
      bareCallback(channel + 1, () => {
        this.toGuest[channel].masked = 1;
        this.tasklets.push(channel);
      });
    }
  }

  after(ns, kind, what) {
    this.queue.push(this.now + ns, (what << 2) | kind);
  }

  guestSends(channel, id, payload) {
    if (this.toHost[channel].write(6, id, payload)) this.after(HEARS_NS, KIND.hostReads, channel);
  }

  hostReads(channel) {
    const ring = this.toHost[channel];
    do {
      ring.masked = 1;
      while (ring.read(this.payload) > 0) this.hostTakes(channel, ring.id, this.payload);
    } while (ring.close());
  }

  /** The host has a packet for the guest. */
  hostSends(channel, id, payload) {
    const batch = this.batches[channel];
    if (batch.push({ id, payload }) >= this.batch) this.flush(channel);
    else if (batch.length === 1) this.after(this.waitNs, KIND.flush, (this.flushes[channel] << 2) | channel);
  }

  flush(channel) {
    const ring = this.toGuest[channel];
    let signal = false;
    for (const { id, payload } of this.batches[channel]) if (ring.write(11, id, payload)) signal = true;
    this.batches[channel] = [];
    this.flushes[channel] = (this.flushes[channel] + 1) & 0xffff;
    if (signal) this.signal(channel);
  }

  /** The host interrupts the guest, which reads the ring in a tasklet. */
  signal(channel) {
    bareSignal(channel, channel + 1);
    while (this.tasklets.length > 0) this.guestReads(this.tasklets.pop());
  }

  guestReads(channel) {
    const ring = this.toGuest[channel];
    do {
      ring.masked = 1;
      while (ring.read(this.payload) > 0) this.guestTakes(channel, ring.id, this.payload);
    } while (ring.close());
  }

  /** Lets what is to come happen, `others` where it is none of the device's. */
  run(others) {
    const { queue } = this;
    while (queue.size > 0) {
      this.now = queue.times[0];
      const event = queue.events[0];
      queue.pop();
      const what = event >> 2;
      const channel = what & 3;
      if ((event & 3) === KIND.hostReads) this.hostReads(channel);
      else if ((event & 3) !== KIND.flush) others(event & 3, what);
      else if (what >> 2 === this.flushes[channel]) this.flush(channel);
    }
  }
}

const nothing = () => {};

/** So many signals as the bench simulate has them: an interrupt each, which takes its time. @returns signals a second of CPU. */
export function bareSignals(count) {
  const device = new Device(1, 0, nothing, nothing);
  let seed = 1;
  let over = 0;
  let left = count;
  const come = (channel) => {
    if (left === 0) return;
    left -= 1;
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    device.after(5000 + (seed >>> 19), KIND.arrives, channel);
  };
  const from = process.cpuUsage();
  for (let channel = 0; channel < CHANNELS; channel++) come(channel);
  device.run((kind, channel) => {
    if (kind === KIND.isDone) over += 1;
    else {
      device.signal(channel);
      device.after(500, KIND.isDone, channel);
      come(channel);
    }
  });
  const seconds = secondsSince(from);
  if (over !== count) throw new Error('signals are missing');
  return count / seconds;
}

/** Words of a payload, as far as something is in them. */
function words(length, ...first) {
  const payload = new Uint32Array(length);
  payload.set(first);
  return payload;
}

/** So many I/Os as the bench storage has them, 32 of them under way. @returns I/Os a second of CPU. */
export function bareDisk(count) {
  const done = words(16, 1);
  const command = words(22, 0, 1, 4096, 0, 0x100, 0, 3, 1, 0, 52);
  let started = 0;
  let completed = 0;
  const device = new Device(
    8,
    20_000,
    (channel, tag, payload) => {
      if (payload[6] === 3) device.after(200_000, KIND.isDone, (tag << 2) | channel);
    },
    (_channel, tag, payload) => {
      if (payload[0] !== 1 || payload[2] !== 0) throw new Error('an I/O has failed');
      completed += 1;
      submit(tag);
    },
  );
  const submit = (tag) => {
    if (started === count) return;
    started += 1;
    device.guestSends(tag & 3, tag, command);
  };
  const from = process.cpuUsage();
  for (let tag = 0; tag < 32; tag++) submit(tag);
  device.run((_kind, what) => device.hostSends(what & 3, what >> 2, done));
  const seconds = secondsSince(from);
  if (completed !== count) throw new Error('I/Os are missing');
  return count / seconds;
}

/** So many frames as the bench network has them, one each microsecond. @returns frames a second of CPU. */
export function bareNic(count) {
  const receipt = words(10, 108, 1);
  const ids = Array.from({ length: CHANNELS }, () => []);
  let arrived = 0;
  let received = 0;
  let completed = 0;
  const device = new Device(
    16,
    50_000,
    (_channel, _id, payload) => {
      if (payload[0] === 108) completed += 1;
    },
    (channel, id, payload) => {
      if (payload[0] !== 107 || payload[10] !== 1 || payload[11] !== 1514) throw new Error('a frame is none');
      received += 1;
      if (ids[channel].push(id) === 8) complete(channel);
    },
  );
  const complete = (channel) => {
    for (const id of ids[channel]) device.guestSends(channel, id, receipt);
    ids[channel].length = 0;
  };
  const from = process.cpuUsage();
  device.after(1000, KIND.arrives, 0);
  device.run(() => {
    const flow = arrived & 15;
    const frame = new Uint32Array(14);
    frame[0] = 107;
    frame[2] = 0xffffffff;
    frame[10] = 1;
    frame[11] = frame[13] = 1514;
    frame[12] = flow;
    device.hostSends(flow & 3, arrived, frame);
    arrived += 1;
    if (arrived < count) device.after(1000, KIND.arrives, 0);
  });
  for (let channel = 0; channel < CHANNELS; channel++) complete(channel);
  device.run(nothing);
  const seconds = secondsSince(from);
  if (received !== count || completed !== count) throw new Error('frames are missing');
  return count / seconds;
}
