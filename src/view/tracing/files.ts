import { ErrnoError } from '../../lib/errno.js';
import { kstrtoul } from '../../lib/kstrtox.js';
import type { FileMethods, FileNode } from '../tree-node.js';

/** Bytes of a page: the first that are too many for a file that takes a line. */
const PAGE_BYTES = 4096;

/** A file of tracefs. @param truncate what opening it with O_TRUNC does first. */
export function traceFile(mode: number, methods: FileMethods, truncate?: () => void): FileNode {
  const unwritable = { code: 'EINVAL', at: 'write' } as const;
  return { kind: 'file', mode, size: 0, unwritable, ...methods, ...(truncate && { truncate }) };
}

/** A file of which a write is one word, up to a zero byte. @param most bytes that are too many; default: none are. */
export function wordFile(
  read: () => string,
  store: (word: string) => void,
  most = Number.POSITIVE_INFINITY,
): FileNode {
  return traceFile(0o640, {
    read,
    write: (data) => {
      if (data.length >= most)
        throw new ErrnoError('EINVAL', `at most ${most - 1} bytes can be written here, not ${data.length}`);
      store(data.split('\0', 1)[0].trim());
      return data.length;
    },
  });
}

/** The same of less than a page (memdup_user_nul). */
export function lineFile(read: () => string, store: (text: string) => void): FileNode {
  return wordFile(read, store, PAGE_BYTES);
}

/** A file of which a write is one number (kstrtoul_from_user), with no blanks around it. */
export function numberFile(read: () => string, store: (number: number) => void): FileNode {
  return traceFile(0o640, {
    read,
    write: (data) => {
      store(Number(kstrtoul(data, 10)));
      return data.length;
    },
  });
}

/** A file that only tells. */
export function shown(read: () => string): FileNode {
  return traceFile(0o440, { read });
}
