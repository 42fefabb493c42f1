// Booting large guests: CPU time and memory of a process of its own for each, netvsc adapters of 16 channels.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const sizes = [16, 256, 2047].flatMap((channels) => [8, 416, 1792].map((cpus) => [cpus, channels]));

/** Adapters with so many channels in all. */
function adapters(channels) {
  return Array.from({ length: Math.ceil(channels / 16) }, (_, i) => {
    const relid = 1 + 16 * i;
    const count = Math.min(16, channels - 16 * i);
    const subChannels = Array.from({ length: count - 1 }, (__, sub) => relid + 1 + sub);
    return { driver: 'netvsc', relid, channels: count, subChannels };
  });
}

async function measure(cpus, channels) {
  const { Guest } = await import('../dist/index.js');
  const loaded = process.memoryUsage.rss();
  const before = process.cpuUsage();
  const guest = Guest.create({ cpus, devices: adapters(channels) });
  const { user, system } = process.cpuUsage(before);
  let open = 0;
  for (const { rings } of guest.vmbus.connection.channels()) if (rings !== undefined) open += 1;
  console.log(
    JSON.stringify({ seconds: (user + system) / 1e6, rss: process.memoryUsage.rss(), loaded, open }),
  );
}

export function boot({ smoke }) {
  let ok = true;
  const lines = [];
  for (const [cpus, channels] of smoke ? sizes.slice(0, 2) : sizes) {
    const self = fileURLToPath(import.meta.url);
    const { stdout } = spawnSync(process.execPath, [self, String(cpus), String(channels)], {
      encoding: 'utf8',
    });
    const { seconds, rss, loaded, open } = JSON.parse(stdout);
    // An adapter has no more channels than there are CPUs.
    ok &&= open === adapters(channels).reduce((sum, adapter) => sum + Math.min(adapter.channels, cpus), 0);
    const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
    lines.push(
      `${cpus} CPUs, ${channels} channels: ${seconds.toFixed(2)} s of CPU, ${((1e6 * seconds) / channels).toFixed(0)} us a channel, ${mb(rss)} resident, ${mb(loaded)} before`,
    );
  }
  return { name: 'boot: guests of many CPUs and channels', ok, lines };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [cpus, channels] = process.argv.slice(2).map(Number);
  await measure(cpus, channels);
}
