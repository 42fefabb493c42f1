import type { IrqCore } from '../../irq/core.js';
import type { LineDomain } from '../../irq/data/irqdata.js';
import { irqDomainFlags } from '../../irq/data/revmap.js';
import { type BitNames, bits, hex } from './bits.js';
import { type DirectoryNode, debugFile, type TreeNode } from '../tree-node.js';

const { HIERARCHY, NAME_ALLOCATED, NO_MAP } = irqDomainFlags;

/** Names of the flags, lowest first (kernel/irq/irqdomain.c irqdomain_flags). */
const flagNames: BitNames = [
  ['IRQ_DOMAIN_FLAG_HIERARCHY', HIERARCHY],
  ['IRQ_DOMAIN_NAME_ALLOCATED', NAME_ALLOCATED],
  ['IRQ_DOMAIN_FLAG_IPI_PER_CPU', irqDomainFlags.IPI_PER_CPU],
  ['IRQ_DOMAIN_FLAG_IPI_SINGLE', irqDomainFlags.IPI_SINGLE],
  ['IRQ_DOMAIN_FLAG_MSI', irqDomainFlags.MSI],
  ['IRQ_DOMAIN_FLAG_ISOLATED_MSI', irqDomainFlags.ISOLATED_MSI],
  ['IRQ_DOMAIN_FLAG_NO_MAP', NO_MAP],
  ['IRQ_DOMAIN_FLAG_MSI_PARENT', irqDomainFlags.MSI_PARENT],
  ['IRQ_DOMAIN_FLAG_MSI_DEVICE', irqDomainFlags.MSI_DEVICE],
];

/** A domain and those that its lines go through (kernel/irq/irqdomain.c irq_domain_debug_show_one). */
function domainText(core: IrqCore, domain: LineDomain, indent = 0): string {
  const { name, revmapSize, mapcount, parent } = domain;
  const flags = flagsOf(domain);
  const space = ' '.repeat(indent);
  const text =
    `${space}name:   ${name}\n${space} size:   ${revmapSize}\n${space} mapped: ${mapcount}\n` +
    `${space} flags:  ${hex(flags, 8)}\n${core.behaviour.domainFlagNames ? bits(flags, flagNames, indent) : ''}` +
    domain.debugShow(null, indent + 1);
  if (parent === null) return text;
  return `${text}${space} parent: ${parent.name}\n${domainText(core, parent, indent + 4)}`;
}

function flagsOf({ flags, noMap, isHierarchy }: LineDomain): number {
  return flags | NAME_ALLOCATED | (noMap ? NO_MAP : 0) | (isHierarchy ? HIERARCHY : 0);
}

/** /sys/kernel/debug/irq/domains: a file for each irqdomain, and one for the default domain. */
export class DebugDomains implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o755;

  constructor(private readonly core: IrqCore) {}

  list(): Iterable<string> {
    // Of domains with one name only the first gets a file.
    return new Set(['default', ...this.core.domains.map(({ name }) => name)]);
  }

  lookup(name: string): TreeNode | undefined {
    if (name === 'default') return this.file(this.core.defaultDomain);
    const domain = this.core.domains.find((candidate) => candidate.name === name);
    return domain && this.file(domain);
  }

  private file(domain: LineDomain | null): TreeNode {
    return debugFile(0o444, { read: () => (domain === null ? '' : domainText(this.core, domain)) });
  }
}
