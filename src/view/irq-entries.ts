import type { IrqCore } from '../irq/core.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import type { DirectoryNode, TreeNode } from './tree-node.js';

/** The descriptor that a file's or directory's name stands for: its number as Linux prints it. */
export function descOfName(core: IrqCore, name: string): IrqDesc | undefined {
  return /^(0|[1-9]\d*)$/.test(name) ? core.desc(Number(name)) : undefined;
}

/** A directory with an entry for every allocated descriptor, as long as it exists. */
export class IrqEntries implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o755;

  /** @param holds what the entries are. */
  constructor(
    private readonly core: IrqCore,
    private readonly holds: 'directories' | 'files',
    private readonly nodeOf: (desc: IrqDesc) => TreeNode,
  ) {}

  *list(): Iterable<string> {
    for (const desc of this.core.descs()) yield String(desc.irq);
  }

  directories(): number {
    return this.holds === 'directories' ? this.core.descCount : 0;
  }

  lookup(name: string): TreeNode | undefined {
    const desc = descOfName(this.core, name);
    return desc && this.nodeOf(desc);
  }
}
