// Long lives, and what they leave in memory; after npm run build. How much is resident is printed after each part: it must
// not grow.
//
//   node tools/long-run.js day [HOURS]       one guest under load, hour by hour of virtual time; default: 24
//   node tools/long-run.js guests [COUNT]    guests made and dropped without waiting for the event loop; default: 10,000
//   node tools/long-run.js explore [MINUTES] one search after the other in this process; default: 10
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const { Guest } = await import('../dist/index.js');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** Of what is measured first, more than this is growth. */
const MAY_GROW_MB = 25;

const devices = [
  { driver: 'heartbeat', relid: 7 },
  { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] },
  { driver: 'storvsc', relid: 14, subChannels: [21] },
];

const heapMb = () => {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
};

/** Prints a line for each part, and says at the end whether the heap has grown since `settled` parts. */
class Report {
  first = undefined;
  last = 0;
  parts = 0;

  constructor(settled) {
    this.settled = settled;
  }

  part(what) {
    this.last = heapMb();
    this.parts += 1;
    if (this.parts === this.settled) this.first = this.last;
    const { rss } = process.memoryUsage();
    console.log(`${what}: ${(rss / 1e6).toFixed(0)} MB resident, heap ${this.last.toFixed(1)} MB`);
  }

  end() {
    const grown = this.last - (this.first ?? this.last);
    console.log(`the heap has grown by ${grown.toFixed(1)} MB since the first ${this.settled}`);
    return grown <= MAY_GROW_MB ? 0 : 1;
  }
}

/** An hour of what users do: a CPU goes and comes, a device, the number of channels, a sleep. */
function hour(guest, nth) {
  const end = guest.now + 3600e9;
  guest.cpu(1 + (nth % 3)).offline();
  guest.run({ seconds: 60 });
  guest.cpu(1 + (nth % 3)).online();
  guest.host.offer({ driver: 'kvp', relid: 30 });
  guest.run({ seconds: 60 });
  guest.host.rescind(30);
  guest.channel(13).setChannels(1 + (nth % 4));
  guest.irq(guest.channel(7).irq).setAffinity([nth % 4]);
  while (guest.now < end) {
    // Load of a quiet server: per second 10 heartbeats, 20 frames each way, 10 I/Os.
    for (let i = 0; i < 10; i++) {
      guest.host.signal(7, 1);
      guest.nic(13).transmit({ flow: i, count: 2 });
      guest.nic(13).receive({ flow: i, count: 2 });
      guest.disk(14).submit({ cpu: i % 4, count: 1 });
      guest.run({ ms: 100 });
    }
  }
}

function day(hours = 24) {
  const guest = Guest.create({ cpus: 4, devices, design: { offlinePolicy: 'migrate' } });
  const report = new Report(2);
  for (let nth = 0; nth < hours; nth++) {
    hour(guest, nth);
    report.part(`hour ${nth + 1}, ${(guest.now / 3600e9).toFixed(2)} h of virtual time`);
  }
  return report.end();
}

function guests(count = 10_000) {
  const report = new Report(1);
  for (let made = 1; made <= count; made++) {
    Guest.create({ cpus: 4, devices }).run({ ms: 1 });
    if (made % Math.ceil(count / 10) === 0) report.part(`${made} guests`);
  }
  return report.end();
}

async function explore(minutes = 10) {
  const { main } = await import('../dist/cli/main.js');
  const report = new Report(1);
  const end = performance.now() + minutes * 60_000;
  const seconds = String(Math.max(1, Math.round(minutes * 6)));
  // Without workers, whose memory is not this process's.
  while (performance.now() < end) {
    await main(['explore', 'rescind-reuse', '--variant', 'rfc', '--workers', '1', '--seconds', seconds], {
      out: () => {},
      err: (text) => process.stderr.write(text),
    });
    report.part(`${seconds} s of explore`);
  }
  return report.end();
}

const what = { day, guests, explore };
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, size] = process.argv.slice(2);
  const run = what[name];
  if (run === undefined || (size !== undefined && !(Number(size) > 0))) {
    console.error('usage: node tools/long-run.js day [HOURS] | guests [COUNT] | explore [MINUTES]');
    process.exitCode = 2;
  } else process.exitCode = await run(size === undefined ? undefined : Number(size));
}
