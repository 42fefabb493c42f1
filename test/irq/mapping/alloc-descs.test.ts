import { describe, expect, test } from '@jest/globals';
import { allocDescs, freeDescs, irqs } from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

const EINVAL = -22;
const EEXIST = -17;
const ENOMEM = -12;

describe('allocDescs', () => {
  test('takes the first free numbers from the lower bound of dynamic ones on', () => {
    const { core } = new Lab();
    expect(allocDescs(core, -1, 1, 1)).toBe(24);
    expect(allocDescs(core, -1, 100, 2)).toBe(25);
    freeDescs(core, 24, 1);
    expect(allocDescs(core, -1, 0, 2)).toBe(27);
    expect(allocDescs(core, -1, 0, 1)).toBe(24);
    expect([...core.descs()].map((desc) => desc.irq)).toEqual([24, 25, 26, 27, 28]);
  });

  // kernel/irq/irqdesc.c irq_free_descs.
  test('frees nothing if a number lies beyond all that there are', () => {
    const { core } = new Lab({ nrIrqs: 26 });
    allocDescs(core, -1, 1, 2);
    freeDescs(core, 25, 2);
    freeDescs(core, 26, 1);
    expect([...core.descs()].map((desc) => desc.irq)).toEqual([24, 25]);
    freeDescs(core, 25, 1);
    expect([...core.descs()].map((desc) => desc.irq)).toEqual([24]);
  });

  test('starts at the hint where the architecture has no lower bound', () => {
    const { core } = new Lab({ dynirqLowerBound: undefined });
    expect(allocDescs(core, -1, 7, 1)).toBe(7);
    expect(allocDescs(core, -1, 7, 1)).toBe(8);
  });

  test('refuses what makes no sense', () => {
    const { core } = new Lab();
    expect(allocDescs(core, -1, 1, 0)).toBe(EINVAL);
    expect(allocDescs(core, 5, 6, 1)).toBe(EINVAL);
    expect(allocDescs(core, 60, 60, 2)).toBe(60);
    expect(allocDescs(core, 61, 61, 1)).toBe(EEXIST);
    expect(allocDescs(core, 59, 59, 2)).toBe(EEXIST);
    const empty = { mask: new Lab().cpus(''), managed: true };
    expect(allocDescs(core, -1, 1, 1, [empty])).toBe(EINVAL);
  });

  test('makes nr_irqs grow and never shrink', () => {
    const { core } = new Lab({ nrIrqs: 100 });
    expect(allocDescs(core, 900, 900, 1)).toBe(900);
    expect(core.nrIrqs).toBe(901);
    freeDescs(core, 900, 1);
    expect(core.nrIrqs).toBe(901);
  });

  test('a number beyond the last there can be is refused as the kernel of that time did', () => {
    expect(allocDescs(new Lab({ kernel: '6.1' }).core, 0x7fffffff, 0, 1)).toBe(EEXIST);
    expect(allocDescs(new Lab({ kernel: '6.12' }).core, 0x7fffffff, 0, 1)).toBe(ENOMEM);
  });

  test('a descriptor starts disabled and masked, with no chip, and its counters at 0', () => {
    const lab = new Lab();
    const irq = allocDescs(lab.core, -1, 0, 1);
    lab.desc(irq).cold.kstat.fill(7);
    freeDescs(lab.core, irq, 1);
    allocDescs(lab.core, irq, irq, 1);
    const desc = lab.desc(irq);
    expect(desc.data.chip.name).toBe('none');
    expect(desc.cold.depth).toBe(1);
    expect(desc.istate).toBe(irqs.SYSFS);
    expect([...desc.cold.kstat]).toEqual([0, 0, 0, 0]);
    expect(desc.data.affinity.equals(lab.core.defaultAffinity)).toBe(true);
  });

  test('counters of neighbours do not touch each other', () => {
    const lab = new Lab();
    allocDescs(lab.core, 30, 30, 100);
    for (let irq = 30; irq < 130; irq++) lab.desc(irq).cold.kstat.fill(irq);
    for (let irq = 30; irq < 130; irq++) expect([...lab.desc(irq).cold.kstat]).toEqual([irq, irq, irq, irq]);
  });
});

test('freeDescs of numbers that are not allocated does nothing', () => {
  const { core } = new Lab();
  freeDescs(core, 24, 5);
  expect([...core.descs()]).toEqual([]);
});
