import { kstrtouint } from '../../lib/kstrtox.js';
import type { FileMethods, FileNode } from '../tree-node.js';

/** A file of tracefs. @param truncate what opening it with O_TRUNC does first. */
export function traceFile(mode: number, methods: FileMethods, truncate?: () => void): FileNode {
  const unwritable = { code: 'EINVAL', at: 'write' } as const;
  return { kind: 'file', mode, size: 0, unwritable, ...methods, ...(truncate && { truncate }) };
}

/** A file of which a write is one word. */
export function wordFile(read: () => string, store: (word: string) => void): FileNode {
  return traceFile(0o640, {
    read,
    write: (data) => {
      store(data.trim());
      return data.length;
    },
  });
}

/** A file of which a write is one number (kstrtoul_from_user), with no blanks around it. */
export function numberFile(read: () => string, store: (number: number) => void): FileNode {
  return traceFile(0o640, {
    read,
    write: (data) => {
      store(kstrtouint(data, 10));
      return data.length;
    },
  });
}

/** A file that only tells. */
export function shown(read: () => string): FileNode {
  return traceFile(0o440, { read });
}
