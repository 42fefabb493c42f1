import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CpuMask } from '../../src/machine/cpumask.js';
import { formatCpuList } from '../../src/machine/cpumask-text.js';
import {
  cpuPlaces,
  type CpuPlaces,
  groupCpusEvenly,
  type GroupingRules,
} from '../../src/machine/group-cpus.js';
import { Machine, type MachineOptions } from '../../src/machine/machine.js';
import { regularTopology } from '../../src/machine/topology.js';

const before7: GroupingRules = { clusters: false, sortPopsTwo: true };
const from7: GroupingRules = { clusters: true, sortPopsTwo: true };

const machine = (options: MachineOptions): CpuPlaces => cpuPlaces(new Machine(options));
const lists = (groups: number, places: CpuPlaces, rules = before7): string[] =>
  groupCpusEvenly(groups, places, rules).map(formatCpuList);

/** All of these from reading lib/group_cpus.c, and the same as its code gives when it is compiled by itself. */
describe('groupCpusEvenly', () => {
  test('a CPU for each group, or some groups with one more', () => {
    expect(lists(4, machine({ present: 4 }))).toEqual(['0', '1', '2', '3']);
    expect(lists(3, machine({ present: 8 }))).toEqual(['0-2', '3-5', '6-7']);
    expect(lists(1, machine({ present: 8 }))).toEqual(['0-7']);
  });

  test('no more groups than CPUs, and none of none', () => {
    expect(lists(5, machine({ present: 3 }))).toEqual(['0', '1', '2']);
    expect(lists(0, machine({ present: 3 }))).toEqual([]);
  });

  test('siblings of a core go together, even where their numbers are far apart', () => {
    const core = [0, 1, 2, 3, 0, 1, 2, 3];
    const zeros = core.map(() => 0);
    const places = machine({ present: 8, topology: { node: zeros, package: zeros, core } });
    expect(lists(4, places)).toEqual(['0,4', '1,5', '2,6', '3,7']);
    expect(lists(3, places)).toEqual(['0-1,4', '2-3,6', '5,7']);
  });

  test('who is offline has no siblings on x86, so the CPUs go by number', () => {
    const topology = { node: [0, 0, 0, 0], package: [0, 0, 0, 0], core: [0, 1, 0, 1] };
    expect(lists(2, machine({ present: 4, topology }))).toEqual(['0,2', '1,3']);
    expect(lists(2, machine({ present: 4, topology, online: [1, 2] }))).toEqual(['0-1', '2-3']);
  });

  test('as many groups as nodes, or fewer: whole nodes in turn', () => {
    const places = machine({ present: 8, topology: regularTopology(8, { nodes: 4 }) });
    expect(lists(4, places)).toEqual(['0-1', '2-3', '4-5', '6-7']);
    expect(lists(3, places)).toEqual(['0-1,6-7', '2-3', '4-5']);
  });

  test('the smallest node is served first, and each gets a group', () => {
    const node = [0, 0, 0, 0, 0, 0, 1];
    const flat = regularTopology(7, {});
    expect(lists(3, machine({ present: 7, topology: { ...flat, node } }))).toEqual(['6', '0-2', '3-5']);
  });

  test('nodes of the same size come in the order of the kernel’s heap sort', () => {
    const places = machine({ present: 6, topology: regularTopology(6, { nodes: 3 }) });
    expect(lists(6, places)).toEqual(['4', '5', '2', '3', '0', '1']);
  });

  test('CPUs that are not present come behind those that are, and begin again with the first group', () => {
    expect(lists(4, machine({ possible: 8, present: 4 }))).toEqual(['0,4', '1,5', '2,6', '3,7']);
    expect(lists(6, machine({ possible: 8, present: 4 }))).toEqual(['0,6', '1,7', '2', '3', '4', '5']);
    expect(lists(5, machine({ possible: 8, present: 6 }))).toEqual(['0-1,6', '2,7', '3', '4', '5']);
  });

  test('clusters stay together where there are groups enough', () => {
    const places = machine({ present: 8, topology: regularTopology(8, { threadsPerCore: 4 }) });
    expect(lists(3, places)).toEqual(['0-2', '3-5', '6-7']);
    expect(lists(3, places, from7)).toEqual(['4-7', '0-1', '2-3']);
    expect(lists(1, places, from7)).toEqual(['0-7']);
  });

  test('one CPU offline, of which no cluster is known: its node is grouped without clusters', () => {
    const topology = regularTopology(8, { nodes: 2, threadsPerCore: 2 });
    expect(lists(8, machine({ present: 8, topology, online: [0, 1, 2, 4, 5, 6, 7] }), from7)).toEqual([
      '6',
      '7',
      '4',
      '5',
      '0',
      '1',
      '2',
      '3',
    ]);
  });
});

describe('any grouping', () => {
  const shapes = fc.record({
    node: fc.array(fc.nat(3), { minLength: 1, maxLength: 20 }),
    thread: fc.integer({ min: 1, max: 4 }),
    absent: fc.nat(6),
    groups: fc.integer({ min: 1, max: 24 }),
    clusters: fc.boolean(),
    sortPopsTwo: fc.boolean(),
  });

  test('has each possible CPU once, and no empty group; each present one is in as many groups as can be', () => {
    fc.assert(
      fc.property(shapes, ({ node, thread, absent, groups, clusters, sortPopsTwo }) => {
        const possible = node.length;
        const present = Math.max(1, possible - absent);
        const zeros = node.map(() => 0);
        const core = node.map((_, cpu) => Math.floor(cpu / thread));
        const places = machine({ possible, present, topology: { node, package: zeros, core } });
        const masks = groupCpusEvenly(groups, places, { clusters, sortPopsTwo });
        const all = masks.flatMap((mask) => [...mask]).sort((a, b) => a - b);
        expect(all).toEqual([...CpuMask.all(possible)]);
        expect(masks.some((mask) => mask.isEmpty)).toBe(false);
        expect(masks.filter((mask) => mask.intersects(places.present)).length).toBe(
          Math.min(groups, present, masks.length),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('of one node without siblings: sizes differ by one at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (present, groups) => {
        const sizes = groupCpusEvenly(groups, machine({ present }), from7).map((mask) => mask.weight);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(sizes.length).toBe(Math.min(groups, present));
      }),
    );
  });
});
