import { describe, expect, test } from '@jest/globals';
import { showRun } from '../../src/command/show-run.js';
import { Guest } from '../../src/node-guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';

const text = `
cpus: 2
devices: [{driver: kvp, relid: 7}]
workload: [{relid: 7, every: 1ms, until: 500ms}]
timeline: [{at: 300ms, offline: 1}]
run: 1s
`;

/** What is shown of a run in which each look at the clock finds `msPerLook` more gone by. */
function shown(msPerLook: number, label?: string): { told: string[]; interrupts: string } {
  const scenario = parseScenario(text, 's.yaml');
  const guest = Guest.create(scenario.guest);
  const told: string[] = [];
  let ms = 0;
  const watch = showRun(
    (line) => told.push(line),
    label,
    () => (ms += msPerLook),
  );
  expect(runScenarioOn(guest, scenario, { watch }).ok).toBe(true);
  return { told, interrupts: guest.readFile('/proc/interrupts') };
}

describe('how far a run is', () => {
  test('is told in virtual time, of the whole', () => {
    const { told } = shown(1000, 'nmi: ');
    // 64 events apart, of which there is one each ms.
    expect(told).toHaveLength(7);
    expect(told[0]).toBe('nmi: 62ms of 1s of virtual time, 6 %');
    expect(told[6]).toBe('nmi: 446ms of 1s of virtual time, 44 %');
  });

  test('is told each half second only, and to look changes nothing', () => {
    const often = shown(1000);
    const seldom = shown(100);
    expect(seldom.told.length).toBe(Math.floor(often.told.length / 5));
    expect(shown(0)).toEqual({ told: [], interrupts: often.interrupts });
  });
});
