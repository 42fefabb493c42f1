import type { CpuId } from '../lib/brand.js';

/** Where each CPU sits. Index of every array: the CPU. */
export interface Topology {
  /** NUMA node of each CPU. */
  readonly node: readonly number[];
  /** Physical package (socket) of each CPU. */
  readonly package: readonly number[];
  /** Core of each CPU within its package; CPUs of one core are hardware threads of it. */
  readonly core: readonly number[];
}

/** By number of CPUs: an explorer builds the same machine thousands of times. */
const flat = new Map<number, Topology>();

/** One package, one node, one thread a core. */
export function flatTopology(nrCpuIds: number): Topology {
  const known = flat.get(nrCpuIds);
  if (known !== undefined) return known;
  const zeros = new Array<number>(nrCpuIds).fill(0);
  const made = { node: zeros, package: zeros, core: zeros.map((_, cpu) => cpu) };
  flat.set(nrCpuIds, made);
  return made;
}

/**
 * A regular machine: CPUs fill threads, then cores, then packages; nodes are equal runs of CPUs. Where the numbers do
 * not divide, the last node and package are the smaller ones.
 *
 * @throws RangeError if the CPUs cannot be divided like that: each node and package has a CPU.
 */
export function regularTopology(
  nrCpuIds: number,
  shape: { nodes?: number; packages?: number; threadsPerCore?: number },
): Topology {
  const { nodes = 1, packages = nodes, threadsPerCore = 1 } = shape;
  const perPackage = Math.ceil(nrCpuIds / packages);
  const perNode = Math.ceil(nrCpuIds / nodes);
  const whole = [nodes, packages, threadsPerCore].every((count) => Number.isInteger(count) && count >= 1);
  const allUsed = Math.ceil(nrCpuIds / perNode) === nodes && Math.ceil(nrCpuIds / perPackage) === packages;
  if (!whole || !allUsed || perPackage % threadsPerCore !== 0) {
    throw new RangeError(
      `${nrCpuIds} CPUs do not divide into ${nodes} nodes, ${packages} packages and ${threadsPerCore} threads a core`,
    );
  }
  const node: number[] = [];
  const pkg: number[] = [];
  const core: number[] = [];
  for (let cpu = 0; cpu < nrCpuIds; cpu++) {
    node.push(Math.floor(cpu / perNode));
    pkg.push(Math.floor(cpu / perPackage));
    core.push(Math.floor((cpu % perPackage) / threadsPerCore));
  }
  return { node, package: pkg, core };
}

/**
 * A machine whose NUMA nodes are so many equal runs of CPUs, or have just these CPUs.
 *
 * @throws RangeError if the CPUs cannot be divided like that: each CPU is in one node, and each node has one.
 */
export function topologyOf(
  nrCpuIds: number,
  {
    nodes,
    ...shape
  }: { nodes?: number | readonly (readonly CpuId[])[]; packages?: number; threadsPerCore?: number },
): Topology {
  return typeof nodes === 'object'
    ? withNodes(regularTopology(nrCpuIds, shape), nodes)
    : regularTopology(nrCpuIds, { nodes, ...shape });
}

function withNodes(topology: Topology, nodes: readonly (readonly CpuId[])[]): Topology {
  const node = topology.node.map(() => -1);
  for (const [number, cpus] of nodes.entries())
    for (const cpu of cpus) if (cpu < node.length) node[cpu] = number;
  const isDivided =
    nodes.flat().length === node.length && !node.includes(-1) && nodes.every(({ length }) => length > 0);
  if (!isDivided) throw new RangeError(`expected each of the ${node.length} CPUs in one of the nodes`);
  return { ...topology, node };
}

/** All CPUs of NUMA node `node`, ascending. */
export function cpusOfNode(topology: Topology, node: number): CpuId[] {
  return topology.node.flatMap((of, cpu) => (of === node ? [cpu] : []));
}

/** NUMA nodes that have CPUs, ascending. */
export function nodesOf(topology: Topology): number[] {
  return [...new Set(topology.node)].sort((a, b) => a - b);
}
