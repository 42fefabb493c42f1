// Tracepoints that are on: how many events a second go into the CPUs' rings, in CPU time.
import { guestWithAllChannels, rounds } from './hot-path.js';

const EVENTS_A_CHANNEL_EVENT = 3; // vmbus_chan_sched, irq_handler_entry, irq_handler_exit
const LEAST = 2e6;

export function traced({ smoke }) {
  const count = smoke ? 500 : 40_000;
  const { guest } = guestWithAllChannels();
  guest.trace({ events: ['irq', 'hyperv'], bufferKb: 1408 });
  let relid = rounds(guest, smoke ? 100 : 20_000, 1);
  const written = () => guest.tracer.rings.reduce((sum, { entries, overrun }) => sum + entries + overrun, 0);
  let best = 0;
  let all = true;
  for (let turn = 0; turn < (smoke ? 1 : 5); turn++) {
    const before = written();
    const from = process.cpuUsage();
    relid = rounds(guest, count, relid);
    const { user, system } = process.cpuUsage(from);
    const events = written() - before;
    all &&= events === count * 8 * EVENTS_A_CHANNEL_EVENT;
    best = Math.max(best, events / ((user + system) / 1e6));
  }
  const fast = smoke || best >= LEAST;
  return {
    name: 'tracepoints on, into the rings of 8 CPUs',
    ok: all && fast,
    lines: [
      `${(best / 1e6).toFixed(1)} million events a second of CPU time, ${all ? 'all' : 'NOT all'} written${fast ? '' : ', LESS THAN 2 million'}`,
    ],
  };
}
