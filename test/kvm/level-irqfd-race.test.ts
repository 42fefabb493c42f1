import { describe, expect, test } from '@jest/globals';
import { resamplerLifetimes } from '../../src/kvm/index.js';
import { LevelIrqfdRace } from './race.js';
import { exploreSchedules } from './schedules.js';

describe('level-irqfd', () => {
  test.each(Object.entries(resamplerLifetimes))('%s', (name, resamplers) => {
    const t = process.hrtime.bigint();
    const outcome = exploreSchedules(() => new LevelIrqfdRace(resamplers), 2);
    process.stdout.write(`${name} ${outcome.states} ${outcome.ended} ${Number(process.hrtime.bigint() - t) / 1e6} ms ${JSON.stringify([...outcome.violations], null, 1)}\n`);
    expect(outcome.states).toBeGreaterThan(10);
  });
});
