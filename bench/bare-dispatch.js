// What bench/floor/floor.c does, in this language and with nothing of irqlab: event page -> relid -> descriptor -> flow
// handler -> action -> channel callback, the same counters and tests, objects for structures. No locks: one thread runs.
// What it reaches beside the C program is what the language leaves.
import { secondsSince } from './cpu-time.js';

const RELIDS = 2048;
const CPUS = 8;
const PENDING = 1;
const REPLAY_OR_WAITING = 6;
const POLL_INPROGRESS = 8;
const IS_POLLED = 1;
const NO_DEBUG = 2;
const DISABLED = 1;
const INPROGRESS = 2;
const ISR_MODE = 2;

const pages = Array.from({ length: CPUS }, () => new Uint32Array(RELIDS / 32));
const kstats = Array.from({ length: CPUS }, () => new Uint32Array(RELIDS + 64));
const sums = new Float64Array(CPUS);
const revmap = [];
const channels = [];
let thisCpu = 0;

function onChannel(channel) {
  channel.seen += 1;
}

function chanHandler(_irq, channel) {
  const { callback } = channel;
  if (callback !== undefined) {
    channel.interrupts += 1;
    if (channel.mode === ISR_MODE) callback(channel);
  }
  return 1;
}

function noteInterrupt(desc, ret) {
  if ((desc.coreStatus & POLL_INPROGRESS) !== 0 || (desc.status & IS_POLLED) !== 0) return;
  if (ret < 0 || ret > 3 || (ret & 2) !== 0) throw new Error(`a handler returned ${ret}`);
  if (ret === 0) desc.irqsUnhandled += 1;
  if (desc.irqsUnhandled === 0) return;
  desc.irqCount += 1;
  if (desc.irqCount >= 100_000) {
    desc.irqCount = 0;
    desc.irqsUnhandled = 0;
  }
}

function handleIrqEvent(desc) {
  desc.coreStatus &= ~PENDING;
  desc.state |= INPROGRESS;
  let ret = 0;
  for (let action = desc.action; action !== undefined; action = action.next)
    ret |= action.handler(desc.irq, action.dev);
  if ((desc.status & NO_DEBUG) === 0) noteInterrupt(desc, ret);
  desc.state &= ~INPROGRESS;
}

function handleSimple(desc) {
  if ((desc.state & INPROGRESS) !== 0) return;
  desc.coreStatus &= ~REPLAY_OR_WAITING;
  if (desc.action === undefined || (desc.state & DISABLED) !== 0) {
    desc.coreStatus |= PENDING;
    return;
  }
  kstats[thisCpu][desc.kstat] += 1;
  sums[thisCpu] += 1;
  desc.totCount += 1;
  handleIrqEvent(desc);
}

function isr() {
  const page = pages[thisCpu];
  for (let at = 0; at < page.length; at++) {
    while (page[at] !== 0) {
      const word = page[at] | 0;
      const bit = 31 - Math.clz32(word & -word);
      const relid = (at << 5) + bit;
      page[at] &= ~(1 << bit);
      const desc = revmap[relid];
      if (desc === undefined) continue;
      const channel = desc.handlerData;
      if (channel === undefined || channel.rescind) continue;
      desc.handle(desc);
    }
  }
}

for (let relid = 0; relid < RELIDS; relid++) {
  if (relid === 0) {
    revmap.push(undefined);
    continue;
  }
  const channel = { callback: onChannel, mode: ISR_MODE, rescind: false, interrupts: 0, seen: 0 };
  channels.push(channel);
  revmap.push({
    state: 0,
    handlerData: channel,
    irq: 24 + relid,
    kstat: 24 + relid,
    handle: handleSimple,
    action: { handler: chanHandler, dev: channel, next: undefined },
    status: 0,
    coreStatus: 0,
    totCount: 0,
    irqCount: 0,
    irqsUnhandled: 0,
  });
}

/** From now on `callback` is called for the events of a channel, with the channel. */
export function bareCallback(relid, callback) {
  channels[relid - 1].callback = callback;
}

/** The host signals a channel: it sets its flag in the CPU's page and raises the CPU's interrupt. */
export function bareSignal(cpu, relid) {
  thisCpu = cpu;
  pages[cpu][relid >>> 5] |= 1 << (relid & 31);
  isr();
}

let next = 1;

/** So many interrupts with so many events each. @returns events a second of CPU. @throws Error if one was not counted. */
export function bareDispatch(count, events) {
  const seen = () => channels.reduce((sum, channel) => sum + channel.seen, 0);
  const before = seen();
  const from = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    thisCpu = i & (CPUS - 1);
    const page = pages[thisCpu];
    for (let event = 0; event < events; event++) {
      page[next >>> 5] |= 1 << (next & 31);
      next = next + 251 < RELIDS ? next + 251 : next + 252 - RELIDS;
    }
    isr();
  }
  const seconds = secondsSince(from);
  if (seen() - before !== count * events) throw new Error('the bare dispatch has lost events');
  return (count * events) / seconds;
}
