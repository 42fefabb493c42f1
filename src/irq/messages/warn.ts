import type { Machine } from '../../machine/machine.js';
import type { SaidBefore } from './said-before.js';

/** Files of the kernel's interrupt layer that its warnings name. */
export type IrqSource =
  | 'affinity'
  | 'matrix'
  | 'chip'
  | 'manage'
  | 'irqdomain'
  | 'migration'
  | 'pm'
  | 'irqdesc'
  | 'spurious'
  | 'arch/x86/kernel/apic/vector';

/** Those without a folder lie in kernel/irq. */
function pathOf(source: IrqSource): string {
  return source.includes('/') ? `${source}.c` : `kernel/irq/${source}.c`;
}

/** Who has something to say in the kernel log. */
export interface Speaker {
  readonly machine: Machine;
  readonly saidBefore: SaidBefore;
}

/** WARN: `text` and the place that says it. */
export function warn({ machine }: Speaker, source: IrqSource, func: string, text?: string): void {
  machine.log.warn(pathOf(source), func, text);
}

/** WARN_ONCE: as warn, only the first time on this machine. `place` tells two warnings of one function apart. */
export function warnOnce(
  { machine, saidBefore }: Speaker,
  source: IrqSource,
  func: string,
  text?: string,
  place = '',
): void {
  if (!saidBefore.isFirst(`${source} ${func} ${place}`)) return;
  machine.log.warn(pathOf(source), func, text, true);
}

/** pr_*_once: `text` the first time that `place` has something to say, whatever it says later. */
export function printkOnce(
  { machine, saidBefore }: Speaker,
  place: string,
  text: string,
  priority: number,
): void {
  if (saidBefore.isFirst(place)) machine.log.printk(text, true, priority);
}
