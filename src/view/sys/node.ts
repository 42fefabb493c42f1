import type { CpuId } from '../../lib/brand.js';
import { CpuMask } from '../../machine/cpumask.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import type { Machine } from '../../machine/machine.js';
import { cpusOfNode, nodesOf } from '../../machine/topology.js';
import { textFile, wideCpuSetFiles } from './cpu-sets.js';
import { nodeMeminfo } from './meminfo.js';
import { MixedDirectory, StaticDirectory, sysfsFile, type TreeNode } from '../tree-node.js';
import { presentCpus } from './cpu.js';

/** NUMA distances as firmware gives them: 10 to the node itself, 20 to another. */
function distance(from: number, to: number): number {
  return from === to ? 10 : 20;
}

/** Node numbers as a list of ranges. */
function nodeList(nodes: readonly number[]): string {
  return formatCpuList(CpuMask.of(Math.max(0, ...nodes) + 1, nodes));
}

/** Nodes that have a CPU online (N_CPU). */
function nodesWithCpus({ online, topology }: Machine, nodes: readonly number[]): number[] {
  return nodes.filter((node) => cpusOfNode(topology, node).some((cpu) => online.has(cpu)));
}

/** /sys/devices/system/node/nodeN: its CPUs that are online, links to all its present ones (drivers/base/node.c). */
function nodeDirectory(machine: Machine, node: number, nodes: readonly number[]): StaticDirectory {
  const { nrCpuIds, topology, online } = machine;
  const own = CpuMask.of(nrCpuIds, cpusOfNode(topology, node));
  const files = {
    ...wideCpuSetFiles('cpumap', 'cpulist', () => own.and(online)),
    distance: textFile(() => nodes.map((other) => distance(node, other)).join(' ')),
    meminfo: sysfsFile(0o444, { show: () => nodeMeminfo(node) }),
  };
  const linkOf = (cpu: CpuId): TreeNode => ({ kind: 'symlink', target: `../../cpu/cpu${cpu}` });
  return new MixedDirectory(0o755, files, presentCpus(machine, linkOf, own));
}

/** /sys/devices/system/node. */
export function sysNodeDirectory(machine: Machine): StaticDirectory {
  const nodes = nodesOf(machine.topology);
  const list = textFile(() => nodeList(nodes));
  const directory = new StaticDirectory(0o755, {
    online: list,
    possible: list,
    has_cpu: textFile(() => nodeList(nodesWithCpus(machine, nodes))),
    has_normal_memory: list,
    has_memory: list,
  });
  for (const node of nodes) directory.add(`node${node}`, nodeDirectory(machine, node, nodes));
  return directory;
}
