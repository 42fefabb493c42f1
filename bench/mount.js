// A mounted guest's files: /proc/interrupts of 416 CPUs and 2,068 IRQs through FUSE beside the same bytes of a tmpfs, and
// how many small files readers get a second. Of time on the wall, for two processes work: the reader and the mount.
import { spawn } from 'node:child_process';
import {
  accessSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../dist/cli/cli.js', import.meta.url));
const READERS = 8;

/** A guest whose lines have counted on a tenth of its CPUs each. */
function scenario(cpus, irqs) {
  const lines = [`cpus: ${cpus}`, 'vmbus: false', 'interrupts:'];
  for (let irq = 0; irq < irqs; irq++) {
    const counts = Array.from({ length: cpus }, (_, cpu) => ((irq + cpu) % 10 === 0 ? irq * 397 + cpu : 0));
    lines.push(
      `  - {irq: ${irq}, chip: IO-APIC, hwirq: ${irq}, flow: edge, name: bench${irq}, counts: [${counts.join(',')}]}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Why nothing can be mounted here; undefined if it can. */
function obstacle() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return 'a mount needs Linux and root';
  try {
    accessSync('/dev/fuse');
    return undefined;
  } catch {
    return 'a mount needs /dev/fuse';
  }
}

/** Reads a file over and over, in pieces as cat does. @returns bytes a second. */
function throughput(path, times) {
  const piece = Buffer.alloc(131_072);
  let bytes = 0;
  const from = performance.now();
  for (let n = 0; n < times; n++) {
    const file = openSync(path);
    for (let read = 1; read > 0; bytes += read) read = readSync(file, piece, 0, piece.length, null);
    closeSync(file);
  }
  return (bytes / (performance.now() - from)) * 1000;
}

/** Readers at once, each with `times` calls. @returns calls a second. */
async function rate(times, call) {
  const from = performance.now();
  await Promise.all(
    Array.from({ length: READERS }, async (_, reader) => {
      for (let n = 0; n < times; n++) await call(reader + n);
    }),
  );
  return ((READERS * times) / (performance.now() - from)) * 1000;
}

export async function mount({ smoke }) {
  const why = obstacle();
  const bench = 'mount';
  if (why !== undefined)
    return { name: 'mount', ok: true, lines: [], rows: [{ bench, figure: 'not measured', limit: why }] };
  const [cpus, irqs] = smoke ? [8, 16] : [416, 2068];
  const directory = mkdtempSync(join(tmpdir(), 'irqlab-bench-'));
  const shared = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/irqlab-bench-') : directory;
  const file = join(directory, 'guest.yaml');
  writeFileSync(file, scenario(cpus, irqs));
  const server = spawn(process.execPath, [cli, 'mount', file, directory, '--speed', '0'], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => {
    server.once('exit', resolve);
  });
  try {
    const interrupts = join(directory, 'proc/interrupts');
    while (!existsSync(interrupts)) {
      if (server.exitCode !== null) throw new Error(`irqlab mount ended with ${server.exitCode}`);
      await sleep(20);
    }
    const text = readFileSync(interrupts);
    const copy = join(shared, 'interrupts');
    writeFileSync(copy, text);
    const times = smoke ? 1 : 20;
    let [ours, limit] = [0, 0];
    for (let turn = 0; turn < (smoke ? 1 : 3); turn++) {
      ours = Math.max(ours, throughput(interrupts, times));
      limit = Math.max(limit, throughput(copy, times));
    }
    const small = smoke ? 5 : 500;
    const list = (n) => join(directory, `proc/irq/${n % irqs}/smp_affinity_list`);
    const reads = await rate(small, (n) => readFile(list(n)));
    const stats = await rate(small, (n) => stat(list(n)));
    const mega = (bytes) => `${(bytes / 1e6).toFixed(0)} MB/s`;
    const again = readFileSync(interrupts).equals(text);
    return {
      name: 'a mounted guest’s files',
      ok: again && text.length > cpus * irqs * 11,
      lines: [
        `${READERS} readers of small files: ${reads.toFixed(0)} reads, ${stats.toFixed(0)} stats a second`,
      ],
      rows: [
        {
          bench,
          figure: `cat /proc/interrupts of ${(text.length / 1e6).toFixed(1)} MB through FUSE: ${mega(ours)}`,
          limit: `a tmpfs: ${mega(limit)}`,
          ratio: ours / limit,
          reach: 0.3,
        },
      ],
    };
  } finally {
    server.kill();
    await ended;
    rmSync(directory, { recursive: true });
    if (shared !== directory) rmSync(shared, { recursive: true });
  }
}
