import type { KernelVersion } from '../../irq/kernel.js';
import { createGuestTree } from '../../view/guest-tree.js';
import { RecordedLayer, type RecordedLine } from '../../view/recorded-layer.js';
import type { Comparison } from '../judge.js';
import { recordedMachine } from '../recorded.js';
import type { CaseHead } from './case-head.js';
import { type Entry, entryOf, sorted } from './entry.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';

/** The directories of one line: /proc/irq/N and /sys/kernel/irq/N. */
export interface IrqCase extends CaseHead {
  readonly kind: 'irq';
  readonly irq: number;
  readonly proc: Entry | null;
  readonly sys: Entry | null;
  readonly desc: Omit<RecordedLine, 'irq' | 'counts'> & { readonly kstat: readonly number[] };
}

/** What these recordings call a chip without a name. */
const NAMELESS = '(noname)';
/** Below this number the x86 kernel's lines are there at boot, before /proc/irq. */
const BOOT_LINES = 16;
/** The timer is requested before there is a /proc/irq, so its action never gets a directory there. */
const TIMER = 0;

export function* compareIrq(recorded: IrqCase, kernel: KernelVersion): Generator<Comparison> {
  const { irq, desc: state } = recorded;
  const layer = new RecordedLayer(recordedMachine(recorded.cpus), kernel, recorded.nr_irqs);
  const { core } = layer;
  const { kstat: counts, chip: recordedChip, ...rest } = state;
  const line = { ...rest, chip: recordedChip === NAMELESS ? null : recordedChip };
  const atBoot = irq < BOOT_LINES;
  const add = () => layer.addLine({ ...line, irq, counts });
  let desc = atBoot ? add() : undefined;
  const tree = createGuestTree({ irq: core });
  desc ??= add();
  // A line without actions has a directory if it was requested before; only the recording knows.
  const requested = !state.chained && (state.actions.length > 0 || recorded.proc !== null);
  if (requested) core.proc.registerIrq(desc);
  if (irq !== TIMER) for (const action of desc.actions()) core.proc.registerHandler(desc, action);
  setSpurious(recorded.proc?.entries?.spurious?.text, desc);
  yield { what: '/proc/irq/N', expected: sorted(recorded.proc), actual: entryOf(tree, `/proc/irq/${irq}`) };
  yield {
    what: '/sys/kernel/irq/N',
    expected: sorted(recorded.sys),
    actual: entryOf(tree, `/sys/kernel/irq/${irq}`),
  };
}

/** The counts of unhandled interrupts are recorded only as text. */
function setSpurious(text: string | undefined, desc: IrqDesc): void {
  const numbers = /^count (\d+)\nunhandled (\d+)\nlast_unhandled (\d+|<jiffies>)/.exec(text ?? '');
  if (numbers === null) return;
  desc.cold.irqCount = Number(numbers[1]);
  desc.irqsUnhandled = Number(numbers[2]);
  desc.cold.lastUnhandled = numbers[3] === '<jiffies>' ? 1 : 0;
}
