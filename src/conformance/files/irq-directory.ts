import type { KernelVersion } from '../../irq/kernel.js';
import { createGuestTree } from '../../view/guest-tree.js';
import { RecordedLayer } from '../../view/recorded-layer.js';
import type { Comparison } from '../judge.js';
import { recordedMachine } from '../recorded.js';
import { compareMachineLine, isOfMachine } from './machine-line.js';
import { entryOf, sorted } from './entry.js';
import type { IrqCase } from './irq-case.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';

/** What these recordings call a chip without a name. */
const NAMELESS = '(noname)';

export function* compareIrq(recorded: IrqCase, kernel: KernelVersion): Generator<Comparison> {
  if (isOfMachine(recorded.desc)) yield* compareMachineLine(recorded, kernel);
  else yield* compareModuleLine(recorded, kernel);
}

function* compareModuleLine(recorded: IrqCase, kernel: KernelVersion): Generator<Comparison> {
  const { irq, desc: state } = recorded;
  const layer = new RecordedLayer(recordedMachine(recorded.cpus), kernel, recorded.nr_irqs);
  const { core } = layer;
  const { kstat: counts, chip: recordedChip, ...rest } = state;
  const line = { ...rest, chip: recordedChip === NAMELESS ? null : recordedChip };
  const tree = createGuestTree({ irq: core });
  const desc = layer.addLine({ ...line, irq, counts });
  // A line without actions has a directory if it was requested before; only the recording knows.
  const requested = !state.chained && (state.actions.length > 0 || recorded.proc !== null);
  if (requested) core.proc.registerIrq(desc);
  for (const action of desc.actions()) core.proc.registerHandler(desc, action);
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
