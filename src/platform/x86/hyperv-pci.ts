import type { IrqCore } from '../../irq/core.js';
import type { IrqDomain } from '../../irq/data/revmap.js';
import { handleEdgeIrq } from '../../irq/line/flow.js';
import { HypervPciDomains } from '../pci/hyperv/domains.js';
import type { MsiReceiver } from '../pci/msi-table.js';
import { composeMsiMsg } from './msi-msg.js';
import { deferredMoves, lineOf } from './vectors.js';

/** Hyper-V's PCI buses on x86: their interrupts are vectors, and the host is told of each change. */
export function x86HypervPci(core: IrqCore, vectors: IrqDomain, receiver: MsiReceiver): HypervPciDomains {
  return new HypervPciDomains(core, {
    parent: vectors,
    flow: { handler: handleEdgeIrq, name: 'edge' },
    ends: 'ack',
    moveFlags: deferredMoves(core.behaviour),
    mustReactivate: true,
    receiver,
    retargets: true,
    targetOf: (d) => {
      const { configuredCpu, configuredVector } = lineOf(d);
      return { vector: configuredVector, cpus: [configuredCpu] };
    },
    messageTo: ({ vector, cpus: [cpu] }) => composeMsiMsg(cpu, vector),
  });
}
