import { formatCpuList } from '../../machine/cpumask-text.js';
import type { ProcIrqDump } from '../proc-irq-dump.js';
import type { Answer, Statement } from './explain.js';
import type { MachinePicture } from './machine-picture.js';

/** Has irqbalance look once at the guest of a scenario. @returns what /proc/irq says afterwards. */
export type Balance = (scenario: string) => Promise<ProcIrqDump>;

const FROM = 'irqbalance --oneshot on a guest made of the recording';

/** What irqbalance has done on a guest like the machine. */
export function balanced({ lines }: MachinePicture, after: ProcIrqDump): Answer {
  const withIrq = lines.filter(({ irq }) => irq !== undefined);
  const statements = withIrq.flatMap(({ irq = 0, cpu, affinity, name }): Statement[] => {
    const [allowed, effective] = [after.affinity.get(irq), after.effective.get(irq)];
    const to = effective?.weight === 1 ? effective.first() : undefined;
    const said = [
      ...(cpu === undefined || to === undefined || to === cpu ? [] : [`CPU ${cpu} → ${to}`]),
      ...(affinity === undefined || allowed === undefined || formatCpuList(allowed) === affinity
        ? []
        : [`may go to CPUs ${formatCpuList(allowed)}, no longer ${affinity}`]),
    ];
    return said.length === 0 ? [] : [{ text: `${name}: ${said.join(', ')}`, from: FROM }];
  });
  const without = lines.length - withIrq.length;
  if (statements.length === 0)
    statements.push({ text: 'it leaves all interrupts where they are', from: FROM });
  if (without > 0)
    statements.push({
      text: `it knows nothing of ${without} channels, which have no interrupts of their own in this kernel`,
      from: '/proc/interrupts',
    });
  return { question: 'What would irqbalance do?', statements };
}
