import { ErrnoError } from '../../lib/errno.js';
import { type FileNode, procFile } from '../tree-node.js';

/**
 * The number that is written to a file of /proc/sys: decimal, hexadecimal or octal by its prefix, with blanks around it
 * (kernel/sysctl.c proc_get_long). @throws ErrnoError EINVAL
 */
export function sysctlNumber(text: string): number {
  const found = /^[ \t\n]*(-?)(0x[0-9a-f]+|\d+)(?=[ \t\n\0]|$)/i.exec(text);
  if (found === null) throw new ErrnoError('EINVAL', `${JSON.stringify(text)} is no number`);
  const [, sign, digits] = found;
  if (/^0\d*[89]/.test(digits)) throw new ErrnoError('EINVAL', `${digits} is no octal number`);
  const value = Number(/^0\d+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? -value : value;
}

/** A file of /proc/sys with an int between two bounds (proc_dointvec_minmax). */
export function sysctlInt(
  get: () => number,
  set: (value: number) => void,
  [least, most]: readonly [number, number],
): FileNode {
  return procFile(0o644, {
    read: () => `${get()}\n`,
    write: (text) => {
      const value = sysctlNumber(text);
      if (value < least || value > most)
        throw new ErrnoError('EINVAL', `${value} is not between ${least} and ${most}`);
      set(value);
      return text.length;
    },
  });
}
