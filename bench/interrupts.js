// The large /proc/interrupts of the benches: a tenth of the counts are not zero, the same as in floor/render.c.
import { Machine } from '../dist/machine/machine.js';
import { InterruptsView } from '../dist/view/interrupts/live.js';
import { RecordedLayer } from '../dist/view/recorded-layer.js';

export const IRQS = 2068;

/** A generator of Park and Miller, as the C program has it. */
function park() {
  let seed = 1;
  return () => {
    seed = Number((BigInt(seed) * 48271n) % 0x7fffffffn);
    return seed;
  };
}

/** A machine whose lines have counted on a tenth of its CPUs each. */
export function machineWithCounts(cpus) {
  const machine = new Machine({ present: cpus });
  const layer = new RecordedLayer(machine, '6.12', IRQS);
  const draw = park();
  const descs = [];
  for (let irq = 0; irq < IRQS; irq++) {
    const counts = Array.from({ length: cpus }, () => (draw() % 10 === 0 ? (draw() % 1_000_000) + 1 : 0));
    descs.push(
      layer.addLine({
        irq,
        chip: 'VMBus',
        hwirq: irq + 1,
        domain: 'vmbus',
        name: 'edge',
        actions: [`hv_storvsc_${irq}`],
        chained: false,
        counts,
        tot_count: counts.reduce((sum, count) => sum + count, 0),
      }),
    );
  }
  return { machine, descs, view: new InterruptsView(layer.core) };
}
