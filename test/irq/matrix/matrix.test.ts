import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AssertionError } from '../../../src/lib/assert.js';
import { nextBit, weight } from '../../../src/lib/bitmap.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { IrqMatrix, type MatrixPlace } from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

const ENOSPC = -28;
const EINVAL = -22;
const CPUS = 4;

const cpus = (...list: number[]): CpuMask => CpuMask.of(CPUS, list);
const ALL = cpus(0, 1, 2, 3);

/** A matrix whose CPUs 0 and 1 are online, with the bits 32 to 35 to give out; `log` is the machine's. */
function matrix(online = [0, 1], allocEnd = 36): { m: IrqMatrix; lab: Lab } {
  const lab = new Lab();
  const m = new IrqMatrix(lab.core, CPUS, { matrixBits: 256, allocStart: 32, allocEnd });
  for (const cpu of online) m.online(cpu);
  return { m, lab };
}

const bits = (words: Uint32Array): number[] => {
  const list: number[] = [];
  for (let bit = nextBit(words, 0); bit >= 0; bit = nextBit(words, bit + 1)) list.push(bit);
  return list;
};

/**
 * From reading kernel/irq/matrix.c, which is the same in 6.1, 6.12 and 7.2.8; the class gave the same results as that
 * file, compiled by itself, for 28,000 random operations.
 */
describe('IrqMatrix', () => {
  test('gives out the lowest free bit of the CPU that has most, the lowest of several', () => {
    const { m } = matrix();
    expect(m.alloc(ALL, false)).toEqual({ bit: 32, cpu: 0 });
    expect(m.alloc(ALL, false)).toEqual({ bit: 32, cpu: 1 });
    expect(m.alloc(cpus(1), false)).toEqual({ bit: 33, cpu: 1 });
    expect(m.alloc(ALL, false)).toEqual({ bit: 33, cpu: 0 });
    m.free(0, 32, false);
    expect(m.alloc(ALL, false)).toEqual({ bit: 32, cpu: 0 });
    expect([m.globalAvailable, m.totalAllocated]).toEqual([4, 4]);
  });

  test('no CPU, none online, none with a bit free', () => {
    const { m } = matrix();
    expect(m.alloc(cpus(), false)).toBe(EINVAL);
    expect(m.allocManaged(cpus())).toBe(EINVAL);
    expect(m.alloc(cpus(2, 3), false)).toBe(ENOSPC);
    expect(m.allocManaged(cpus(2, 3))).toBe(ENOSPC);
    for (let i = 0; i < 4; i++) m.alloc(cpus(0), false);
    expect(m.alloc(cpus(0), false)).toBe(ENOSPC);
    expect(m.alloc(cpus(0, 1), false)).toEqual({ bit: 32, cpu: 1 });
  });

  test('a CPU that is not asked for gives nothing, whatever it has', () => {
    const { m } = matrix();
    m.reserveManaged(cpus(0, 1));
    expect(m.allocManaged(cpus(2, 3))).toBe(ENOSPC);
    expect(m.alloc(cpus(2, 3), false)).toBe(ENOSPC);
    expect(m.allocManaged(cpus(1, 2))).toEqual({ bit: 32, cpu: 1 });
  });

  test('a bit of the system is on no CPU, whether it could be given out or not', () => {
    const { m } = matrix([]);
    m.assignSystem(0, 33, false);
    m.assignSystem(0, 200, false);
    m.online(0);
    expect(m.map(0).available).toBe(3);
    expect([m.alloc(ALL, false), m.alloc(ALL, false)]).toEqual([
      { bit: 32, cpu: 0 },
      { bit: 34, cpu: 0 },
    ]);
    expect(bits(m.systemMap)).toEqual([33, 200]);
  });

  test('a system bit in the place of one given out: only while that CPU is alone', () => {
    const { m } = matrix([0]);
    m.assign(0, 34);
    m.assignSystem(0, 34, true);
    expect([m.map(0).allocated, m.totalAllocated, m.map(0).available]).toEqual([0, 0, 3]);
    expect(() => m.assignSystem(0, 35, false)).toThrow(AssertionError);
    expect(() => m.assignSystem(0, 35, true)).toThrow(AssertionError);
    m.online(1);
    expect(() => m.assignSystem(0, 34, true)).toThrow(AssertionError);
  });

  test('managed bits are kept on every CPU, online or not, and given out where fewest are, the last of several', () => {
    const { m } = matrix();
    expect(m.reserveManaged(ALL)).toBe(0);
    expect(m.reserveManaged(cpus(0, 1))).toBe(0);
    expect([m.globalAvailable, m.map(0).available, m.map(2).available]).toEqual([4, 2, 0]);
    expect(m.allocManaged(ALL)).toEqual({ bit: 32, cpu: 1 });
    expect(m.allocManaged(ALL)).toEqual({ bit: 32, cpu: 0 });
    expect(m.allocManaged(cpus(0))).toEqual({ bit: 33, cpu: 0 });
    expect(m.allocManaged(cpus(0))).toBe(ENOSPC);
    expect([m.globalAvailable, m.totalAllocated, m.allocated(0)]).toEqual([4, 3, 0]);
    expect(m.alloc(cpus(0), false)).toEqual({ bit: 34, cpu: 0 });
    expect(m.allocated(0)).toBe(1);
  });

  test('bits kept while the CPU is offline are missing when it comes online for the first time', () => {
    const { m } = matrix();
    m.reserveManaged(cpus(2));
    m.online(2);
    expect([m.map(2).available, m.globalAvailable]).toEqual([3, 11]);
  });

  test('from then on not even offline CPUs are counted again: what is kept meanwhile stays available', () => {
    const { m } = matrix();
    m.offline(1);
    m.reserveManaged(cpus(1));
    m.online(1);
    expect([m.map(1).available, m.map(1).managed, m.globalAvailable]).toEqual([4, 1, 8]);
  });

  test('a CPU without room: nothing is kept anywhere', () => {
    const { m } = matrix();
    for (let i = 0; i < 4; i++) m.alloc(cpus(1), false);
    expect(m.reserveManaged(ALL)).toBe(ENOSPC);
    expect([0, 1, 2, 3].map((cpu) => m.map(cpu).managed)).toEqual([0, 0, 0, 0]);
    expect([m.map(0).available, m.globalAvailable]).toEqual([4, 4]);
  });

  test('what is freed of a managed interrupt stays kept', () => {
    const { m } = matrix();
    m.reserveManaged(cpus(0));
    m.allocManaged(cpus(0));
    m.free(0, 32, true);
    expect([m.map(0).managedAllocated, m.map(0).managed, m.map(0).available]).toEqual([0, 1, 3]);
    expect(m.alloc(cpus(0), false)).toEqual({ bit: 33, cpu: 0 });
    m.removeManaged(cpus(0));
    expect([m.map(0).managed, m.map(0).available, m.globalAvailable]).toEqual([0, 3, 7]);
  });

  test('giving back managed bits that are not there, or all in use: a warning for each, once', () => {
    const { m, lab } = matrix();
    m.removeManaged(cpus(0));
    m.removeManaged(cpus(0, 1));
    m.reserveManaged(cpus(0));
    m.allocManaged(cpus(0));
    m.removeManaged(cpus(0));
    m.removeManaged(cpus(0));
    const warning = 'WARNING: at kernel/irq/matrix.c irq_matrix_remove_managed';
    expect(lab.log).toEqual([warning, warning]);
    expect(m.map(0).managed).toBe(1);
  });

  test('bits that cannot be, and those that are taken or free already, are warned of', () => {
    const { m, lab } = matrix();
    m.assign(0, 31);
    m.assign(0, 36);
    m.assign(0, 32);
    m.assign(0, 32);
    m.free(0, 36, false);
    m.free(0, 33, false);
    const of = (func: string) => `WARNING: at kernel/irq/matrix.c ${func}`;
    expect(lab.log).toEqual([
      of('irq_matrix_assign'),
      of('irq_matrix_assign'),
      of('irq_matrix_free'),
      of('irq_matrix_free'),
    ]);
    expect([m.map(0).allocated, m.globalAvailable]).toEqual([1, 7]);
  });

  test('a CPU offline takes its free bits out; what is freed there counts again only when it is back', () => {
    const { m } = matrix();
    m.alloc(cpus(1), false);
    expect([m.available(), m.available(1)]).toEqual([7, 4]);
    m.offline(1);
    expect([m.onlineMaps, m.globalAvailable, m.totalAllocated]).toEqual([1, 4, 1]);
    m.free(1, 32, false);
    expect([m.globalAvailable, m.totalAllocated, m.map(1).available]).toEqual([4, 1, 4]);
    m.online(1);
    expect(m.globalAvailable).toBe(8);
    expect(() => m.online(1)).toThrow(AssertionError);
  });

  test('reservations are only counted; one more than there are bits is said in the log, those after it are not', () => {
    const { m, lab } = matrix([0]);
    for (let i = 0; i < 6; i++) m.reserve();
    expect(lab.log).toEqual(['Interrupt reservation exceeds available resources']);
    m.alloc(ALL, true);
    m.removeReserved();
    expect(m.globalReserved).toBe(4);
    for (let i = 0; i < 5; i++) m.removeReserved();
    expect(m.globalReserved).toBe(0xffffffff);
  });

  test('bounds outside the matrix', () => {
    const options = { matrixBits: 64, allocStart: 32, allocEnd: 65 };
    expect(() => new IrqMatrix(new Lab().core, 1, options)).toThrow(RangeError);
  });

  test('whatever is given out and freed, the sums are those of the CPUs', () => {
    const deed = fc.tuple(fc.nat(5), fc.nat(15), fc.nat(3));
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 80 }), (deeds) => {
        const { m } = matrix([0, 1, 2], 70);
        const given: (MatrixPlace & { managed: boolean })[] = [];
        for (const [what, set, cpu] of deeds) {
          const mask = CpuMask.of(
            CPUS,
            [0, 1, 2, 3].filter((one) => (set >>> one) & 1),
          );
          if (what === 0) m.reserveManaged(mask);
          else if (what <= 2) {
            const place = what === 1 ? m.allocManaged(mask) : m.alloc(mask, false);
            if (typeof place !== 'number') given.push({ ...place, managed: what === 1 });
          } else if (what === 3) {
            const place = given.shift();
            if (place) m.free(place.cpu, place.bit, place.managed);
          } else if (what === 4 && !m.map(cpu).online) m.online(cpu);
        }
        let available = 0;
        for (const cpu of ALL) {
          const map = m.map(cpu);
          expect(map.allocated).toBe(given.filter((place) => place.cpu === cpu).length);
          expect(weight(map.allocMap)).toBe(map.allocated);
          expect(weight(map.managedMap)).toBe(map.managed);
          if (!map.online) continue;
          expect(map.available).toBe(70 - 32 - map.managed - (map.allocated - map.managedAllocated));
          available += map.available;
        }
        expect([m.globalAvailable, m.totalAllocated]).toEqual([available, given.length]);
      }),
    );
  });
});
