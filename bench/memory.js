// A large guest's memory: a process of its own, resident set above that of an empty Node, and above that of the smallest
// guest, which is the library's own.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CPUS = 1792;
const IRQS = 4096;
const RATIO = 2.5;
const self = fileURLToPath(import.meta.url);

/** A guest each of whose interrupts has counted on each CPU. */
async function measure(cpus, irqs) {
  const { Guest } = await import('../dist/index.js');
  const { kstatIncrIrqsThisCpu } = await import('../dist/irq/data/kstat.js');
  const interrupts = Array.from({ length: irqs }, (_, irq) => ({
    irq,
    chip: 'IO-APIC',
    hwirq: irq,
    flow: 'edge',
    name: `bench${irq}`,
  }));
  const { machine, irqCore } = Guest.create({ cpus, vmbus: false, interrupts });
  let counted = 0;
  for (const desc of irqCore.descs()) {
    counted += 1;
    for (let cpu = 0; cpu < cpus; cpu++) {
      machine.thisCpu = cpu;
      kstatIncrIrqsThisCpu(desc);
    }
  }
  globalThis.gc();
  console.log(JSON.stringify({ rss: process.memoryUsage.rss(), irqs: counted }));
}

const inProcess = (...args) => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', ...args], { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
};

export function memory({ smoke }) {
  const [cpus, irqs] = smoke ? [64, 64] : [CPUS, IRQS];
  const empty = inProcess('-e', 'globalThis.gc();console.log(process.memoryUsage.rss())');
  const guest = inProcess(self, String(cpus), String(irqs));
  const smallest = inProcess(self, '1', '1');
  const counters = cpus * irqs * 4;
  const taken = guest.rss - empty;
  const itself = guest.rss - smallest.rss;
  const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  return {
    name: 'memory',
    ok: guest.irqs >= irqs,
    lines: [
      `one CPU, one interrupt: ${mb(smallest.rss - empty)}; above that: ${mb(itself)}, ${(itself / counters).toFixed(2)} times the counters`,
    ],
    rows: [
      {
        bench: 'memory',
        figure: `${cpus} CPUs, ${irqs} interrupts: ${mb(taken)} above an empty Node`,
        limit: `their counters: ${mb(counters)}`,
        ratio: taken / counters,
        most: RATIO,
      },
    ],
  };
}

if (process.argv[1] === self) {
  const [cpus, irqs] = process.argv.slice(2).map(Number);
  await measure(cpus, irqs);
}
