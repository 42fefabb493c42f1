import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ResamplerLifetimeFactory, resamplerLifetimes } from '../../src/kvm/index.js';
import { exploreShard } from '../../src/explore/explore.js';
import { GSI, levelIrqfdModel, LevelIrqfdRace } from '../../src/races/level-irqfd.js';
import { Threads } from './schedules.js';
import { isLong, runs } from '../support/long.js';

const SHUTDOWN_A = 'irqfd_shutdown A eventfd';
const INJECT_B = 'irqfd_inject B eventfd';
const { sharedIdUnderLock, ownSourceId, sharedIdUnregisterOutside, sharedIdLockDropped } = resamplerLifetimes;

const sound: readonly (readonly [string, ResamplerLifetimeFactory])[] = [
  ['sharedIdUnderLock', sharedIdUnderLock],
  ['sharedIdUnderIrqLock', resamplerLifetimes.sharedIdUnderIrqLock],
  ['ownSourceId', ownSourceId],
];

const unsound: readonly (readonly [string, ResamplerLifetimeFactory])[] = [
  ['sharedIdUnregisterOutside', sharedIdUnregisterOutside],
  ['sharedIdLockDropped', sharedIdLockDropped],
];

const named = (resamplers: ResamplerLifetimeFactory) => ({
  ...levelIrqfdModel(resamplers),
  name: 'level-irqfd',
});

function expectLost(race: LevelIrqfdRace, threads: Threads): void {
  const { kvm, b } = race;
  expect(threads.enabled()).toEqual([]);
  expect(kvm.ledger.unnotified().map(({ eventfd }) => eventfd.name)).toEqual(['B eventfd']);
  expect(b).toMatchObject({ wanted: 1, served: 1, isStarved: true });
  expect(kvm.ioapic.isHigh(GSI)).toBe(false);
  expect(race.core.desc(GSI)?.totCount).toBe(1);
  expect(race.verdict()).toBe('de-assert without notify');
}

describe('level-irqfd: one device leaves a line while another one joins it', () => {
  test('sharedIdUnregisterOutside loses the interrupt: an old notifier de-asserts after the new one', () => {
    const threads = new Threads();
    const race = new LevelIrqfdRace(threads, sharedIdUnregisterOutside);
    threads.finish('deassign A');
    threads.until(SHUTDOWN_A, 'release', 'resampler_lock');
    threads.until(SHUTDOWN_A, 'update', 'kvm->irq_srcu');
    threads.finish('user space of B');
    threads.finish(INJECT_B);
    expect(race.kvm.ackNotifiers.countOf(GSI)).toBe(2);
    threads.until('vCPU 0', 'acquire', 'wait queue of B resamplefd');
    threads.until('vCPU 0', 'acquire', 'ioapic->lock');
    threads.finish('resample B');
    threads.finish(INJECT_B);
    expect(race.kvm.ioapic.isHigh(GSI)).toBe(true);
    threads.settle();
    expectLost(race, threads);
  });

  test('sharedIdLockDropped loses it too: the last de-assert comes after the next irqfd asserted', () => {
    const threads = new Threads();
    const race = new LevelIrqfdRace(threads, sharedIdLockDropped);
    threads.finish('deassign A');
    threads.until(SHUTDOWN_A, 'release', 'resampler_lock');
    threads.until(SHUTDOWN_A, 'acquire', 'ioapic->lock');
    threads.finish('user space of B');
    threads.finish(INJECT_B);
    threads.until('vCPU 0', 'acquire', 'wait queue of B resamplefd');
    threads.until('vCPU 0', 'acquire', 'ioapic->lock');
    threads.finish('resample B');
    threads.finish(INJECT_B);
    expect(race.kvm.ioapic.isHigh(GSI)).toBe(true);
    threads.finish(SHUTDOWN_A);
    threads.settle();
    expectLost(race, threads);
  });

  test('sharedIdUnderLock has the newcomer wait until the line is its own', () => {
    const threads = new Threads();
    const race = new LevelIrqfdRace(threads, sharedIdUnderLock);
    threads.finish('deassign A');
    threads.until(SHUTDOWN_A, 'acquire', 'kvm->irq_lock');
    threads.finish('user space of B');
    expect(threads.all.find(({ name }) => name === 'user space of B')?.step).toMatchObject({
      kind: 'acquire',
      object: { name: 'resampler_lock' },
    });
    threads.settle();
    expect(race.b).toMatchObject({ wanted: 0, served: 2 });
    expect(race.verdict()).toBeUndefined();
  });

  test('ownSourceId lets both be registered, each with a level of its own', () => {
    const threads = new Threads();
    const race = new LevelIrqfdRace(threads, ownSourceId);
    threads.finish('deassign A');
    threads.until(SHUTDOWN_A, 'release', 'resampler_lock');
    threads.until(SHUTDOWN_A, 'update', 'kvm->irq_srcu');
    threads.finish('user space of B');
    expect(race.kvm.ackNotifiers.countOf(GSI)).toBe(2);
    threads.settle();
    expect(race.kvm.ackNotifiers.countOf(GSI)).toBe(1);
    expect(race.verdict()).toBeUndefined();
  });

  test.each(sound)('%s: nothing is lost in any schedule with one preemption', (_name, resamplers) => {
    const report = exploreShard(named(resamplers), {
      strategy: { kind: 'bounded', preemptions: 1 },
      ...(isLong ? {} : { maxExecutions: 500 }),
    });
    expect(report.violations).toEqual([]);
    if (isLong) expect(report).toMatchObject({ verdict: 'none', limits: ['at most 1 preemptions'] });
    expect(report.executions).toBeGreaterThan(100);
  });

  // The schedules above lose it, too, without a search.
  (isLong ? test : test.skip).each(unsound)(
    '%s: the explorer finds the lost interrupt',
    (_name, resamplers) => {
      const report = exploreShard(named(resamplers));
      expect(report.violations.map(({ message }) => message)).toEqual(['de-assert without notify']);
    },
  );

  test.each(sound)(
    '%s: nothing is lost in random schedules, with an EOI of A in between',
    (_name, resamplers) => {
      const choices = fc.array(fc.nat({ max: 1000 }), { minLength: 100, maxLength: 250 });
      fc.assert(
        fc.property(choices, fc.boolean(), (picks, aWants) => {
          const threads = new Threads();
          const race = new LevelIrqfdRace(threads, resamplers, aWants);
          for (const pick of picks) {
            const enabled = threads.enabled();
            if (enabled.length === 0) break;
            threads.all[enabled[pick % enabled.length]].move();
          }
          threads.settle();
          expect(race.verdict()).toBeUndefined();
        }),
        { numRuns: runs(300, 40) },
      );
    },
  );
});
