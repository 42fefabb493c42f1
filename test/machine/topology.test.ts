import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cpusOfNode, flatTopology, nodesOf, regularTopology } from '../../src/machine/topology.js';

describe('topology', () => {
  test('flat: one package, one node, a core for each CPU', () => {
    expect(flatTopology(3)).toEqual({ node: [0, 0, 0], package: [0, 0, 0], core: [0, 1, 2] });
    expect(regularTopology(3, {})).toEqual(flatTopology(3));
  });

  test('CPUs fill threads, then cores, then packages', () => {
    expect(regularTopology(8, { packages: 2, threadsPerCore: 2 })).toEqual({
      node: [0, 0, 0, 0, 0, 0, 0, 0],
      package: [0, 0, 0, 0, 1, 1, 1, 1],
      core: [0, 0, 1, 1, 0, 0, 1, 1],
    });
  });

  test('a package for each node unless said otherwise', () => {
    const both = regularTopology(6, { nodes: 2 });
    expect([both.node, both.package]).toEqual([
      [0, 0, 0, 1, 1, 1],
      [0, 0, 0, 1, 1, 1],
    ]);
    expect(regularTopology(4, { nodes: 2, packages: 1 })).toEqual({
      node: [0, 0, 1, 1],
      package: [0, 0, 0, 0],
      core: [0, 1, 2, 3],
    });
  });

  test('what does not divide leaves less for the last', () => {
    expect(regularTopology(5, { nodes: 2 }).node).toEqual([0, 0, 0, 1, 1]);
  });

  test.each<[string, number, Parameters<typeof regularTopology>[1]]>([
    ['more nodes than CPUs', 2, { nodes: 3 }],
    ['more packages than CPUs', 2, { packages: 4 }],
    ['a node that would have no CPU', 6, { nodes: 4 }],
    ['a package that would have no CPU', 6, { packages: 4 }],
    ['a core of two packages', 6, { packages: 2, threadsPerCore: 2 }],
    ['no node', 4, { nodes: 0 }],
    ['half a node', 4, { nodes: 1.5 }],
    ['no thread', 4, { threadsPerCore: 0 }],
  ])('%s is refused', (_, cpus, shape) => {
    expect(() => regularTopology(cpus, shape)).toThrow(RangeError);
  });

  test('nodes and their CPUs', () => {
    const topology = { node: [1, 0, 1, 3], package: [0, 0, 0, 0], core: [0, 1, 2, 3] };
    expect(nodesOf(topology)).toEqual([0, 1, 3]);
    expect([0, 1, 2, 3].map((node) => cpusOfNode(topology, node))).toEqual([[1], [0, 2], [], [3]]);
  });

  test('a regular machine has the nodes, packages and threads asked for, each CPU in one of them', () => {
    const shape = fc.record({
      nodes: fc.integer({ min: 1, max: 4 }),
      packages: fc.integer({ min: 1, max: 4 }),
      threadsPerCore: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), shape, (factor, wanted) => {
        const { nodes, packages, threadsPerCore } = wanted;
        const cpus = factor * nodes * packages * threadsPerCore;
        const topology = regularTopology(cpus, wanted);
        expect(nodesOf(topology)).toEqual(Array.from({ length: nodes }, (_, node) => node));
        for (const node of nodesOf(topology)) expect(cpusOfNode(topology, node)).toHaveLength(cpus / nodes);
        const cores = new Map<string, number>();
        topology.package.forEach((pkg, cpu) => {
          const core = `${pkg}/${topology.core[cpu]}`;
          cores.set(core, (cores.get(core) ?? 0) + 1);
        });
        expect(new Set(topology.package).size).toBe(packages);
        expect(new Set(cores.values())).toEqual(new Set([threadsPerCore]));
      }),
    );
  });
});
