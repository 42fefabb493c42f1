import type { IrqCore } from '../../irq/core.js';
import { ErrnoError } from '../../lib/errno.js';
import { StaticDirectory, sysfsFile } from '../tree-node.js';
import { parseBool } from './cpu.js';

/** Reads an int as the kernel does: decimal, or by its prefix octal or hexadecimal (lib/kstrtox.c kstrtoint). */
function parseInt32(text: string): number {
  const digits = /^([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)\n?$/i.exec(text);
  if (digits === null) throw new ErrnoError('EINVAL', `${JSON.stringify(text)} is no number`);
  const [, sign, number] = digits;
  const value = Number(/^0[0-7]+$/.test(number) ? `0o${number}` : number) * (sign === '-' ? -1 : 1);
  if (value !== (value | 0)) throw new ErrnoError('ERANGE', `${value} does not fit into 32 bits`);
  return value;
}

/** /sys/module/spurious/parameters: what kernel/irq/spurious.c can be told while it runs. */
export function spuriousParameters(core: IrqCore): StaticDirectory {
  return new StaticDirectory(0o755, {
    irqfixup: sysfsFile(0o644, {
      show: () => `${core.irqfixup}\n`,
      store: (text) => {
        core.irqfixup = parseInt32(text);
      },
    }),
    noirqdebug: sysfsFile(0o644, {
      show: () => (core.noirqdebug ? 'Y\n' : 'N\n'),
      store: (text) => {
        core.noirqdebug = parseBool(text);
      },
    }),
  });
}
