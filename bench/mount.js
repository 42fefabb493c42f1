// A mounted guest's files: /proc/interrupts of 416 CPUs and 2,068 IRQs through FUSE beside the same bytes of a tmpfs, and
// beside programs that serve them by FUSE and do nothing else; and how many small files readers get a second. Of time on the
// wall, for two processes work: the reader and the mount.
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  closeSync,
  existsSync,
  mkdirSync,
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
import { withFloor } from './floor.js';

const bareMount = fileURLToPath(new URL('./bare-mount.js', import.meta.url));
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

/**
 * Starts a program that mounts files on `directory`, and waits for one of them.
 *
 * @returns that file, and what unmounts.
 * @throws Error if the program ends instead.
 */
async function mountedBy(program, args, directory, name) {
  const server = spawn(program, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => {
    server.once('exit', resolve);
  });
  const file = join(directory, name);
  while (!existsSync(file)) {
    if (server.exitCode !== null)
      throw new Error(`${program} has ended with ${server.exitCode}, and mounted nothing`);
    await sleep(20);
  }
  const end = async () => {
    // Whoever else looks at it just now, such as an indexer, must not hold this up.
    spawnSync('umount', ['-l', directory]);
    server.kill();
    await ended;
  };
  return { file, end };
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
  const root = mkdtempSync(join(tmpdir(), 'irqlab-bench-'));
  const shared = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/irqlab-bench-') : root;
  const directory = (name) => {
    const made = join(root, name);
    mkdirSync(made);
    return made;
  };
  const guest = join(root, 'guest.yaml');
  writeFileSync(guest, scenario(cpus, irqs));
  const mounts = [];
  const serve = async (...of) => {
    const made = await mountedBy(...of);
    mounts.push(made);
    return made.file;
  };
  try {
    const ours = directory('irqlab');
    const interrupts = await serve(
      process.execPath,
      [cli, 'mount', guest, ours, '--speed', '0'],
      ours,
      'proc/interrupts',
    );
    const text = readFileSync(interrupts);
    const copy = join(shared, 'interrupts');
    writeFileSync(copy, text);
    const bare = directory('bare');
    const files = [interrupts, copy, await serve(process.execPath, [bareMount, bare, copy], bare, 'file')];
    const floor = directory('floor');
    const inC = withFloor('fuse.c', (binary) => binary && serve(binary, [floor, copy], floor, 'file'));
    if (inC !== undefined) files.push(await inC);
    const rates = files.map(() => 0);
    for (let turn = 0; turn < (smoke ? 1 : 20); turn++) {
      for (const [i, file] of files.entries()) rates[i] = Math.max(rates[i], throughput(file, smoke ? 1 : 3));
    }
    const small = smoke ? 5 : 500;
    const list = (n) => join(ours, `proc/irq/${n % irqs}/smp_affinity_list`);
    const reads = await rate(small, (n) => readFile(list(n)));
    const stats = await rate(small, (n) => stat(list(n)));
    const mega = (bytes) => (bytes === undefined ? 'no C compiler' : `${(bytes / 1e6).toFixed(0)} MB/s`);
    const [ourRate, limit, bareRate, floorRate] = rates;
    return {
      name: 'a mounted guest’s files',
      ok: files.every((file) => readFileSync(file).equals(text)) && text.length > cpus * irqs * 11,
      lines: [
        `${READERS} readers of small files: ${reads.toFixed(0)} reads, ${stats.toFixed(0)} stats a second`,
      ],
      rows: [
        {
          bench,
          figure: `cat /proc/interrupts of ${(text.length / 1e6).toFixed(1)} MB through FUSE: ${mega(ourRate)}`,
          limit: `a tmpfs: ${mega(limit)}; the same bytes by FUSE in C: ${mega(floorRate)}, in this language with nothing of irqlab: ${mega(bareRate)}`,
          ratio: ourRate / limit,
          reach: 0.3,
        },
      ],
    };
  } finally {
    for (const { end } of mounts) await end();
    rmSync(root, { recursive: true });
    if (shared !== root) rmSync(shared, { recursive: true });
  }
}
