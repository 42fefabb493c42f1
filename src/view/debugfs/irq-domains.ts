import type { IrqCore } from '../../irq/core.js';
import type { LineDomain } from '../../irq/data/irqdata.js';
import { type BitNames, bits, hex } from './bits.js';
import { type DirectoryNode, debugFile, type TreeNode } from '../tree-node.js';

const NAME_ALLOCATED = 1 << 1;
const NO_MAP = 1 << 6;

/** Names of the flags, lowest first (kernel/irq/irqdomain.c irqdomain_flags). */
const flagNames: BitNames = [
  ['IRQ_DOMAIN_NAME_ALLOCATED', NAME_ALLOCATED],
  ['IRQ_DOMAIN_FLAG_NO_MAP', NO_MAP],
];

/** kernel/irq/irqdomain.c irq_domain_debug_show_one. Domains of the model have no parents, so they are no hierarchy. */
function domainText(core: IrqCore, domain: LineDomain): string {
  const { name, revmapSize, mapcount, noMap } = domain;
  const flags = NAME_ALLOCATED | (noMap ? NO_MAP : 0);
  const named = core.behaviour.domainFlagNames ? bits(flags, flagNames) : '';
  return `name:   ${name}\n size:   ${revmapSize}\n mapped: ${mapcount}\n flags:  ${hex(flags, 8)}\n${named}`;
}

/** /sys/kernel/debug/irq/domains: a file for each irqdomain, and one for the default domain, which the model lacks. */
export class DebugDomains implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o755;

  constructor(private readonly core: IrqCore) {}

  list(): Iterable<string> {
    // Of domains with one name only the first gets a file.
    return new Set(['default', ...this.core.domains.map(({ name }) => name)]);
  }

  lookup(name: string): TreeNode | undefined {
    if (name === 'default') return debugFile(0o444, { read: () => '' });
    const domain = this.core.domains.find((candidate) => candidate.name === name);
    return domain && debugFile(0o444, { read: () => domainText(this.core, domain) });
  }
}
