import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { Machine } from '../../../src/machine/machine.js';
import { VectorMatrix } from '../../../src/platform/x86/vectors.js';

const CPUS = 3;
const PER_CPU = 2;

describe('VectorMatrix', () => {
  test('gives the CPU with most free vectors, the lowest of those; none that is offline or full', () => {
    const machine = new Machine({ present: CPUS, online: [0, 2] });
    const matrix = new VectorMatrix(machine, PER_CPU);
    const all = CpuMask.all(CPUS);
    expect([1, 2, 3, 4, 5].map((irq) => matrix.assign(irq, all))).toEqual([0, 2, 0, 2, -1]);
    expect(matrix.assign(6, CpuMask.of(CPUS, [1]))).toBe(-1);
    expect(matrix.assign(6, new CpuMask(CPUS))).toBe(-1);
    matrix.release(2);
    matrix.release(2);
    expect([matrix.assign(5, all), matrix.assign(6, all)]).toEqual([2, -1]);
  });

  test('one that fails to move keeps its place', () => {
    const matrix = new VectorMatrix(new Machine({ present: 2 }), 1);
    expect([matrix.assign(1, CpuMask.all(2)), matrix.assign(2, CpuMask.all(2))]).toEqual([0, 1]);
    expect(matrix.assign(1, CpuMask.of(2, [1]))).toBe(-1);
    expect(matrix.assign(3, CpuMask.of(2, [0]))).toBe(-1);
    expect(matrix.assign(1, CpuMask.of(2, [0]))).toBe(0);
  });

  test('never gives a CPU more than it has, nor an interrupt two places', () => {
    const step = fc.record({
      irq: fc.nat(7),
      mask: fc.option(fc.subarray([0, 1, 2])),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const matrix = new VectorMatrix(new Machine({ present: CPUS }), PER_CPU);
        const places = new Map<number, number>();
        const used = (cpu: number): number => [...places.values()].filter((place) => place === cpu).length;
        for (const { irq, mask } of steps) {
          if (mask === null) {
            matrix.release(irq);
            places.delete(irq);
            continue;
          }
          const present = places.get(irq);
          const room = mask.filter((cpu) => used(cpu) < PER_CPU).sort((a, b) => used(a) - used(b) || a - b);
          const expected = present !== undefined && mask.includes(present) ? present : (room[0] ?? -1);
          expect(matrix.assign(irq, CpuMask.of(CPUS, mask))).toBe(expected);
          if (expected >= 0) places.set(irq, expected);
        }
      }),
    );
  });

  test.each([
    [1, true],
    [2, false],
  ])('a CPU with 2 vectors goes when the others have room for them (%d taken there)', (taken, goes) => {
    const machine = new Machine({ present: 2 });
    const matrix = new VectorMatrix(machine, 3);
    for (const irq of [1, 2]) matrix.assign(irq, CpuMask.of(2, [1]));
    for (let i = 0; i < taken; i++) matrix.assign(10 + i, CpuMask.of(2, [0]));
    const down = (): void => machine.run('down', machine.hotplug.cpuDown(1));
    if (goes) down();
    else expect(down).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(machine.log.lines.map(({ text }) => text)).toEqual([
      goes ? 'smpboot: CPU 1 is now offline' : 'CPU 1 has 2 vectors, 1 available. Cannot disable CPU',
    ]);
  });
});
