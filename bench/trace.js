// Tracepoints that are on: how many events a second go into the CPUs' rings, in CPU time.
import { secondsSince } from './cpu-time.js';
import { guestWithChannels, rounds } from './hot-path.js';

const EVENTS_A_CHANNEL_EVENT = 3; // vmbus_chan_sched, irq_handler_entry, irq_handler_exit
const LEAST = 2e6;

export function traced({ smoke }) {
  const count = smoke ? 500 : 40_000;
  const made = guestWithChannels(8, 2047);
  const { guest } = made;
  guest.trace({ events: ['irq', 'hyperv'], bufferKb: 1408 });
  let relid = rounds(made, 8, smoke ? 100 : 20_000, 1);
  const written = () =>
    guest.tracer.rings.used.reduce((sum, { entries, overrun }) => sum + entries + overrun, 0);
  let best = 0;
  let all = true;
  for (let turn = 0; turn < (smoke ? 1 : 5); turn++) {
    const before = written();
    const from = process.cpuUsage();
    relid = rounds(made, 8, count, relid);
    const seconds = secondsSince(from);
    const events = written() - before;
    all &&= events === count * 8 * EVENTS_A_CHANNEL_EVENT;
    best = Math.max(best, events / seconds);
  }
  return {
    name: 'tracepoints on, into the rings of 8 CPUs',
    ok: all,
    lines: all ? [] : ['NOT all events were written'],
    rows: [
      {
        bench: 'trace events',
        figure: `${(best / 1e6).toFixed(1)} million a second of CPU time`,
        limit: `${LEAST / 1e6} million`,
        ratio: all ? best / LEAST : 0,
        reach: 1,
      },
    ],
  };
}
