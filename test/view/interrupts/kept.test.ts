import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { irqSetStatusFlags } from '../../../src/irq/management/chip.js';
import { irqDisposeMapping } from '../../../src/irq/mapping/irqdomain.js';
import {
  kstatIncrIrqsThisCpu,
  kstatIncrOutsideStat,
  kstatIncrThisCpuOnly,
  kstatSet,
  kstatSetCpu,
} from '../../../src/irq/data/kstat.js';
import { irqStatus } from '../../../src/irq/data/settings.js';
import type { KernelVersion } from '../../../src/irq/kernel.js';
import type { ArchInterrupts } from '../../../src/view/interrupts/arch.js';
import { InterruptsView } from '../../../src/view/interrupts/live.js';
import { printInterrupts } from '../../../src/view/interrupts/print.js';
import { Guest } from '../machine.js';

const CPUS = 5;

/** A guest whose text is read again and again, beside one printed anew each time. */
class Reread {
  readonly guest: Guest;
  readonly view: InterruptsView;
  readonly total = [0];
  readonly local = new Array<number>(CPUS).fill(0);
  private readonly arch: ArchInterrupts;

  constructor(kernel: KernelVersion) {
    this.guest = new Guest({ present: CPUS, kernel });
    this.arch = {
      arch: 's390',
      sources: () => [
        { label: 'EXT', text: '', counts: this.local, above: true },
        { label: 'LOC', text: 'Local timer interrupts', counts: this.local },
        { label: 'ERR', text: '', counts: this.total, single: true },
        { label: 'FIQ', text: 'a text alone', counts: [] },
      ],
    };
    this.view = new InterruptsView(this.guest.core, this.arch);
    for (const hwirq of [3, 9]) this.guest.request(this.guest.map(hwirq), 'storvsc', hwirq);
  }

  get anew(): string {
    const view = new InterruptsView(this.guest.core, this.arch);
    return printInterrupts(view.table(), view.form);
  }

  get line() {
    return [...this.guest.core.descs()];
  }

  check(): void {
    const { anew } = this;
    expect(Buffer.from(this.view.bytes()).toString('latin1')).toBe(
      Buffer.from(anew, 'latin1').toString('latin1'),
    );
    expect(this.view.text()).toBe(anew);
  }
}

/** What can happen between two readings: a name, and what `n` and `m`, any numbers, do. */
const events: Record<string, (reread: Reread, n: number, m: number) => void> = {
  interrupt: ({ line, guest }, n, m) => {
    guest.machine.thisCpu = m % CPUS;
    for (const desc of line.slice(n % line.length, (n % line.length) + 2)) kstatIncrIrqsThisCpu(desc);
  },
  'per-CPU interrupt': ({ line }, n) => kstatIncrThisCpuOnly(line[n % line.length]),
  'interrupt outside /proc/stat': ({ line }, n) => kstatIncrOutsideStat(line[n % line.length]),
  'other counts of the same total': ({ line }, n) => {
    const desc = line[n % line.length];
    kstatSet(desc, [...desc.cold.kstat].reverse());
  },
  'a counter': ({ line }, n, m) => kstatSetCpu(line[n % line.length], m % CPUS, n * 65_537),
  'a new line': ({ guest }, n) => {
    guest.request(guest.map(n % 20), 'new', {});
  },
  'a line goes': ({ guest, line }, n) => {
    const desc = line[n % line.length];
    for (const { devId } of [...desc.actions()]) guest.free(desc.irq, devId);
    if (line.length > 1) irqDisposeMapping(guest.core, desc.irq);
  },
  'another action': ({ guest, line }, n) => {
    const desc = line[n % line.length];
    if (desc.action === undefined) guest.request(desc.irq, `driver${n}`, {});
    else desc.action.name = n % 2 === 0 ? null : `d${'x'.repeat(n % 7)}`;
  },
  'a flow handler’s name': ({ line }, n) => {
    line[n % line.length].cold.name = n % 3 === 0 ? null : 'edge'.repeat(1 + (n % 3));
  },
  'a chip that prints itself': ({ line }, n) => {
    const { data } = line[n % line.length];
    const { irqPrintChip: _, ...chip } = data.chip;
    data.chip = n % 2 === 0 ? chip : { ...chip, irqPrintChip: () => 'q'.repeat(n % 13) };
  },
  'hidden, or not': ({ line }, n) => {
    line[n % line.length].status ^= irqStatus.HIDDEN;
  },
  'per-CPU line': ({ guest, line }, n) =>
    irqSetStatusFlags(guest.core, line[n % line.length].irq, irqStatus.PER_CPU),
  'another set of CPUs': ({ guest }, n) => {
    const cpu = 1 + (n % (CPUS - 1));
    if (guest.machine.online.has(cpu)) guest.machine.online.clear(cpu);
    else guest.machine.online.set(cpu);
  },
  'more interrupt numbers': ({ guest }, n) => {
    guest.core.nrIrqs = 100 * 10 ** (n % 4);
  },
  'the architecture counts': ({ local, total }, n, m) => {
    local[m % CPUS] += n;
    total[0] += n * m;
  },
  'the architecture counts beyond ten digits': ({ local }, n) => {
    local[n % CPUS] = n % 2 === 0 ? 12_345_678_901 : 1;
  },
  'a name beyond ASCII': ({ line }, n) => {
    const { action } = line[n % line.length];
    if (action !== undefined) action.name = n % 2 === 0 ? 'µ-driver' : 'dríver→';
  },
};

describe('a text that is read again', () => {
  test.each(['6.1', '6.10', '6.18', '7.2'] as const)('%s: it is what a new one would be', (kernel) => {
    const happening = fc.tuple(fc.constantFrom(...Object.keys(events)), fc.nat(1000), fc.nat(1000));
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 12 }), (happenings) => {
        const reread = new Reread(kernel);
        reread.check();
        for (const [name, n, m] of happenings) {
          events[name](reread, n, m);
          reread.check();
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each(Object.keys(events))('%s shows', (name) => {
    const reread = new Reread('6.1');
    // Something is counted, so that there is something to change.
    kstatSet(reread.line[0], [1, 2, 3, 4, 5]);
    kstatSet(reread.line[1], [1, 2, 3, 4, 5]);
    reread.check();
    const before = reread.view.text();
    events[name](reread, 5, 1);
    reread.check();
    if (name === 'per-CPU line') expect(reread.view.text()).toBe(before);
    else expect(reread.view.text()).not.toBe(before);
  });

  test('a total that went round to where it was', () => {
    const reread = new Reread('6.18');
    const [desc] = reread.line;
    kstatIncrIrqsThisCpu(desc);
    reread.check();
    // 2^32 interrupts, of which the counters and totals of 32 bits keep nothing but these.
    desc.cold.kstat.set([0, 1]);
    reread.guest.core.irqsSum[1] += 2 ** 32;
    reread.check();
  });

  test('a reading that fails in the middle leaves nothing wrong behind', () => {
    const reread = new Reread('6.18');
    reread.check();
    const [first] = reread.line;
    const { chip } = first.data;
    let fails = true;
    const other = {
      ...chip,
      irqPrintChip: (): string => {
        if (fails) throw new Error('no name');
        return 'long'.repeat(9);
      },
    };
    reread.line[1].data.chip = other;
    if (first.action) first.action.name = 'a name that takes the place of the next row'.repeat(3);
    expect(() => reread.view.bytes()).toThrow('no name');
    fails = false;
    reread.check();
    reread.line[1].data.chip = chip;
    if (first.action) first.action.name = 'storvsc';
    reread.check();
  });

  test('bytes of the file tree are the reader’s own', () => {
    const { guest } = new Reread('6.18');
    const file = guest.tree.open('/proc/interrupts', 'read');
    const first = file.bytes();
    const text = Buffer.from(first).toString('latin1');
    kstatIncrIrqsThisCpu([...guest.core.descs()][0]);
    expect(Buffer.from(file.bytes()).toString('latin1')).not.toBe(text);
    expect(Buffer.from(first).toString('latin1')).toBe(text);
  });
});
