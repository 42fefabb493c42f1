import type { IrqCore } from '../../irq/core.js';
import { kstrtobool, kstrtoint } from '../../lib/kstrtox.js';
import { StaticDirectory, sysfsFile } from '../tree-node.js';

/** /sys/module/spurious/parameters: what kernel/irq/spurious.c can be told while it runs. */
export function spuriousParameters(core: IrqCore): StaticDirectory {
  return new StaticDirectory(0o755, {
    irqfixup: sysfsFile(0o644, {
      show: () => `${core.irqfixup}\n`,
      store: (text) => {
        core.irqfixup = kstrtoint(text);
      },
    }),
    noirqdebug: sysfsFile(0o644, {
      show: () => (core.noirqdebug ? 'Y\n' : 'N\n'),
      store: (text) => {
        core.noirqdebug = kstrtobool(text);
      },
    }),
  });
}
