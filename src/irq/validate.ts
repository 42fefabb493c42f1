import type { IrqCore } from './data/core.js';
import { irqd } from './data/irqdata.js';
import type { IrqDesc } from './data/irqdesc.js';
import { kstatIrqsSum } from './data/kstat.js';
import { brokenLineRule } from './data/line-rules.js';
import { IrqDomain, irqResolveMapping } from './data/revmap.js';

/**
 * What holds of all lines between any two steps of their contexts. For tests, and for IRQLAB_CHECKS=full: it looks at
 * everything.
 *
 * @returns sentences about what does not hold; none if all does.
 */
export function brokenLines(core: IrqCore): string[] {
  const broken: string[] = [];
  for (const desc of core.descs()) {
    const say = (sentence: string): void => void broken.push(`IRQ ${desc.irq}: ${sentence}`);
    const rule = brokenLineRule(desc);
    if (rule !== undefined) say(rule);
    checkActions(desc, say);
    checkMasks(desc, core, say);
    checkMapping(desc, say);
  }
  return broken;
}

/** What holds besides when no context runs or waits, and no CPU is on its way up or down. */
export function brokenLinesAtRest(core: IrqCore): string[] {
  const broken = brokenLines(core);
  for (const { irq, cold, data } of core.descs()) {
    if (data.has(irqd.IRQ_INPROGRESS)) broken.push(`IRQ ${irq}: its handlers run`);
    if (cold.requestMutex.isHeld) broken.push(`IRQ ${irq}: request_mutex is held`);
    const isMovable = data.has(irqd.IRQ_STARTED) && !data.has(irqd.PER_CPU);
    if (isMovable && !data.effectiveAffinity.isSubsetOf(core.machine.online))
      broken.push(`IRQ ${irq}: its interrupts go to a CPU that is offline`);
  }
  return broken;
}

type Say = (sentence: string) => void;

function checkActions(desc: IrqDesc, say: Say): void {
  const { cold, isChained, percpuEnabled } = desc;
  const actions = isChained ? [] : [...desc.actions()];
  // Linux does not count the actions of a per-CPU line down.
  const isCounted =
    percpuEnabled === null ? cold.nrActions === actions.length : cold.nrActions >= actions.length;
  if (!isCounted) say(`it has ${actions.length} actions, but nr_actions is ${cold.nrActions}`);
  if (new Set(actions).size !== actions.length) say('it has an action twice');
  if (cold.hasHadThreads && cold.threadsActive.value < 0)
    say(`threads_active is ${cold.threadsActive.value}`);
  const inTotal = cold.countsOutsideTotal === 0;
  if (inTotal && kstatIrqsSum(desc) !== desc.totCount)
    say(`its CPUs have counted ${kstatIrqsSum(desc)} interrupts, the line ${desc.totCount}`);
}

function checkMasks({ cold, data, percpuEnabled }: IrqDesc, { machine }: IrqCore, say: Say): void {
  const masks = {
    affinity: data.affinity,
    effective_affinity: data.effectiveAffinity,
    pending_mask: cold.pendingMask,
    percpu_enabled: percpuEnabled,
    affinity_hint: cold.affinityHint,
  };
  for (const [name, mask] of Object.entries(masks))
    if (mask?.isSubsetOf(machine.possible) === false)
      say(`${name} has CPUs that the machine has no place for`);
}

/**
 * The line's domain finds it by its number there, or nothing: never another line. Domains further in need not: AMD's
 * interrupt remapping has one number for all pins of an IO-APIC.
 */
function checkMapping(desc: IrqDesc, say: Say): void {
  const { domain, hwirq } = desc.data;
  if (!(domain instanceof IrqDomain)) return;
  const found = irqResolveMapping(domain, hwirq);
  if (found !== undefined && found !== desc)
    say(`hwirq ${hwirq} of ${domain.name} leads to IRQ ${found.irq}`);
}
