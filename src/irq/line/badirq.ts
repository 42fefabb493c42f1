import type { IrqDesc } from '../data/irqdesc.js';
import { irqs } from '../data/istate.js';
import { kstatIncrIrqsThisCpu } from '../data/kstat.js';
import { irqStatus } from '../data/settings.js';
import { kernelName } from '../messages/symbols.js';

/**
 * Flow handler of a line without one (kernel/irq/handle.c handle_bad_irq): describes the line in the log, counts,
 * and reports the trap as x86 does (arch/x86/kernel/irq.c ack_bad_irq).
 */
export function handleBadIrq(desc: IrqDesc): void {
  printIrqDesc(desc);
  kstatIncrIrqsThisCpu(desc);
  desc.core.machine.log.prErr(`unexpected IRQ trap at vector ${desc.irq.toString(16).padStart(2, '0')}`);
}

/** Describes the line in the log, within the rate limit (kernel/irq/debug.h print_irq_desc). */
function printIrqDesc(desc: IrqDesc): void {
  const { core, irq, action } = desc;
  const { log } = core.machine;
  const { address } = log.style;
  if (!core.ratelimits.allows('print_irq_desc', 5)) return;
  log.prWarn(
    `irq ${irq}, desc: ${address}, depth: ${desc.cold.depth}, count: ${desc.cold.irqCount}, unhandled: ${desc.irqsUnhandled}`,
  );
  log.prWarn(`->handle_irq():  ${address}, ${kernelName(desc.handleIrq.name)}`);
  log.prWarn(`->irq_data.chip(): ${address}, ${desc.data.chip.symbol ?? desc.data.chip.name ?? '0x0'}`);
  log.prWarn(`->action(): ${address}`);
  if (action) log.prWarn(`->action->handler(): ${address}, ${kernelName(action.handler.name)}`);
  for (const [bit, name] of statusNames)
    if ((desc.status & bit) !== 0) log.prWarn(`${name.padStart(14)} set`);
  for (const [bit, name] of istateNames)
    if ((desc.istate & bit) !== 0) log.prWarn(`${name.padStart(14)} set`);
}

const statusNames: readonly (readonly [number, string])[] = [
  [irqStatus.LEVEL, 'IRQ_LEVEL'],
  [irqStatus.PER_CPU, 'IRQ_PER_CPU'],
  [irqStatus.NOPROBE, 'IRQ_NOPROBE'],
  [irqStatus.NOREQUEST, 'IRQ_NOREQUEST'],
  [irqStatus.NOTHREAD, 'IRQ_NOTHREAD'],
  [irqStatus.NOAUTOEN, 'IRQ_NOAUTOEN'],
];

const istateNames: readonly (readonly [number, string])[] = [
  [irqs.AUTODETECT, 'IRQS_AUTODETECT'],
  [irqs.REPLAY, 'IRQS_REPLAY'],
  [irqs.WAITING, 'IRQS_WAITING'],
  [irqs.PENDING, 'IRQS_PENDING'],
];
