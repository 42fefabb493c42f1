import { IRQF_NO_AUTOEN } from './irqaction.js';
import { AssertionError } from '../../lib/assert.js';
import { irqd } from './irqdata.js';
import type { IrqDesc } from './irqdesc.js';
import { irqStatus } from './settings.js';

/**
 * What must hold of a line whenever nobody holds its lock.
 *
 * @returns the first rule that is broken, as a sentence; undefined if none is.
 */
export function brokenLineRule({
  state,
  status,
  action,
  cold,
  data,
  percpuEnabled,
}: IrqDesc): string | undefined {
  const { depth, wakeDepth, nrActions } = cold;
  if (!(depth >= 0)) return `depth is ${depth}`;
  if (!(wakeDepth >= 0)) return `wake_depth is ${wakeDepth}`;
  if (!(nrActions >= 0)) return `nr_actions is ${nrActions}`;
  const isStarted = (state & irqd.IRQ_STARTED) !== 0;
  // enable_irq starts a line that nobody has requested; __setup_irq has depth 1 all the same for one that it does not start.
  const isLeftToOthers =
    (status & irqStatus.NOAUTOEN) !== 0 || (action !== undefined && (action.flags & IRQF_NO_AUTOEN) !== 0);
  const isDisabled = (state & irqd.IRQ_DISABLED) !== 0;
  if (isStarted && isDisabled !== depth > 0 && !(isLeftToOthers && depth > 0))
    return `it is started with depth ${depth}, but ${depth > 0 ? 'not disabled' : 'disabled'}`;
  if (isStarted && (state & irqd.MANAGED_SHUTDOWN) !== 0) return 'it is started, and shut down as managed';
  // Linux does not count the actions of a per-CPU line down.
  if (action === undefined && nrActions > 0 && percpuEnabled === null)
    return `it has no action, but nr_actions is ${nrActions}`;
  if (data.affinity.nrCpuIds !== cold.kstat.length)
    return `its affinity has room for ${data.affinity.nrCpuIds} CPUs`;
  return undefined;
}

/**
 * Ends each transition of a line (request, free, enable, disable, startup, shutdown).
 *
 * @throws AssertionError if it leaves a rule broken.
 */
export function assertLine(desc: IrqDesc, transition: string): void {
  const broken = brokenLineRule(desc);
  if (broken !== undefined) throw new AssertionError(`IRQ ${desc.irq} after ${transition}: ${broken}`);
}
