import type { KernelVersion } from '../../irq/kernel.js';
import { createGuestTree } from '../../view/guest-tree.js';
import { noArchInterrupts } from '../../view/interrupts/live.js';
import { softirqNames } from '../../machine/softirq.js';
import { intrLine, type SoftirqCount } from '../../view/proc/stat.js';
import { RecordedLayer } from '../../view/recorded-layer.js';
import type { Comparison } from '../judge.js';
import { recordedMachine } from '../recorded.js';
import type { CaseHead } from './case-head.js';
import { countedLine } from './counted-line.js';

/** The line `intr` of /proc/stat. */
export interface StatCase extends CaseHead {
  readonly kind: 'stat_intr';
  readonly fields: number;
  readonly total: number;
  readonly per_irq: Readonly<Record<string, number>>;
  readonly line?: string;
}

/** /proc/softirqs. */
export interface SoftirqsCase extends CaseHead {
  readonly kind: 'softirqs';
  readonly text: string;
}

export function* compareStat(recorded: StatCase, kernel: KernelVersion): Generator<Comparison> {
  const layer = new RecordedLayer(recordedMachine(recorded.cpus), kernel, recorded.nr_irqs);
  for (const [irq, count] of Object.entries(recorded.per_irq)) {
    layer.addLine(countedLine(Number(irq), [], count));
  }
  const shown = intrLine(layer.core, noArchInterrupts).trimEnd();
  const fields = shown.split(' ').slice(1);
  yield { what: 'number of fields', expected: recorded.fields, actual: fields.length };
  for (const [at, text] of fields.slice(1).entries()) {
    yield { what: `count of IRQ ${at}`, expected: String(recorded.per_irq[at] ?? 0), actual: text };
  }
  if (recorded.line === undefined) return;
  // The total has timer interrupts in it that the recording does not list.
  yield {
    what: 'intr line',
    expected: recorded.line,
    actual: shown.replace(/^intr \d+/, `intr ${recorded.total}`),
  };
}

/** Counts of /proc/softirqs by name; they are the recording's, only their layout is compared. */
function softirqCounts(text: string): SoftirqCount {
  const rows = new Map<string, number[]>();
  for (const line of text.split('\n')) {
    const [name, counts] = line.split(':');
    if (counts !== undefined) rows.set(name.trim(), counts.trim().split(/ +/).map(Number));
  }
  return (name, cpu) => rows.get(name)?.[cpu] ?? 0;
}

export function* compareSoftirqs(recorded: SoftirqsCase, kernel: KernelVersion): Generator<Comparison> {
  const layer = new RecordedLayer(recordedMachine(recorded.cpus), kernel, recorded.nr_irqs);
  const tree = createGuestTree({ irq: layer.core, softirqs: softirqCounts(recorded.text) });
  yield { what: '/proc/softirqs', expected: recorded.text, actual: tree.readFile('/proc/softirqs') };
  yield { what: 'softirqs', expected: 10, actual: softirqNames.length };
}
