import type { IrqCore } from './core.js';

/** Files of the kernel's interrupt layer that its warnings name. */
export type IrqSource = 'chip' | 'manage' | 'irqdomain' | 'migration' | 'pm' | 'irqdesc';

/** WARN: `text` and the place that says it. */
export function warn(core: IrqCore, source: IrqSource, func: string, text?: string): void {
  const { log } = core.machine;
  if (text !== undefined) log.printk(text);
  log.warn(`kernel/irq/${source}.c`, func);
}

/** WARN_ONCE: as warn, only the first time on this machine. `place` tells two warnings of one function apart. */
export function warnOnce(core: IrqCore, source: IrqSource, func: string, text?: string, place = ''): void {
  const { log } = core.machine;
  const key = `${source} ${func} ${place}`;
  if (core.warnedOnce.has(key)) return;
  core.warnedOnce.add(key);
  if (text !== undefined) log.printk(text, true);
  log.warn(`kernel/irq/${source}.c`, func, true);
}
