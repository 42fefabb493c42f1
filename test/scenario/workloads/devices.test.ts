import { describe, expect, test } from '@jest/globals';
import { ScenarioError } from '../../../src/scenario/diagnostics.js';
import { parseScenario } from '../../../src/scenario/load.js';
import { runScenarioOn } from '../../../src/scenario/runner.js';
import { FakeGuest } from '../fake-guest.js';

const head = `cpus: 4
devices:
  - {driver: storvsc, relid: 14}
  - {driver: netvsc, relid: 13}
`;

function workloadOf(text: string) {
  return parseScenario(`${head}run: 10s\nworkload: [${text}]`, 's.yaml').workload[0];
}

function problems(text: string, run = 'run: 10s'): string[] {
  try {
    parseScenario(`${head}${run}\nworkload: [${text}]`, 's.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return error.diagnostics.map(({ message }) => message);
  }
}

describe('workloads of devices', () => {
  test('in a file', () => {
    const io = { relid: 14, fromNs: 0, bytes: 4096, isWrite: false, cpus: undefined };
    expect(workloadOf('{disk: 14, outstanding: 32, ios: 100}')).toEqual({
      kind: 'diskLoop',
      ...io,
      outstanding: 32,
      ios: 100,
      untilNs: undefined,
    });
    expect(workloadOf('{disk: 14, iops: 20000, during: 10ms, from: 1s, write: true, cpus: "0,2"}')).toEqual({
      kind: 'diskRate',
      ...io,
      ios: 200,
      duringNs: 1e7,
      fromNs: 1e9,
      isWrite: true,
      cpus: '0,2',
    });
    const frames = { kind: 'frames', relid: 13, fromNs: 0, direction: 'rx', flows: 1, packets: 50, burst: 1 };
    expect(workloadOf('{nic: 13, packets: 50, rate: 100}')).toEqual({
      ...frames,
      duringNs: 5e8,
      bytes: 1514,
    });
    expect(
      workloadOf('{nic: 13, packets: 50, during: 1s, direction: tx, flows: 4, burst: 5, bytes: 64}'),
    ).toEqual({
      ...frames,
      direction: 'tx',
      flows: 4,
      burst: 5,
      duringNs: 1e9,
      bytes: 64,
    });
  });

  test.each([
    ['{disk: 13, outstanding: 1}', ['expected the relid of a device with driver storvsc, not 13']],
    ['{nic: 14, packets: 1, rate: 1}', ['expected the relid of a device with driver netvsc, not 14']],
    ['{disk: 15, outstanding: 1}', ['no device has relid 15']],
    ['{disk: 14}', ['a disk workload needs "outstanding", or "iops" and "during"']],
    ['{disk: 14, iops: 5}', ['a disk workload needs "outstanding", or "iops" and "during"']],
    ['{disk: 14, outstanding: 5, during: 1s}', ['"outstanding" and "during" do not go together']],
    ['{disk: 14, iops: 5, during: 1ms}', ['expected enough for one I/O in 1ms']],
    ['{disk: 14, outstanding: 5, from: 2s, until: 1s}', ['expected more than the 2s of "from"']],
    ['{disk: 14, outstanding: 5, cpus: "0-4"}', ['expected a list of CPUs of 0-3, not "0-4"']],
    ['{disk: 14, outstandig: 5}', [expect.stringContaining('unknown key "outstandig"')]],
    ['{nic: 13, packets: 5}', ['a network workload needs "rate" or "during"']],
    ['{nic: 13, packets: 5, rate: 1, during: 1s}', ['"rate" and "during" do not go together']],
    ['{nic: 13, rate: 1}', [expect.stringContaining('"packets" is missing')]],
  ])('%s', (text, messages) => {
    expect(problems(text)).toEqual(messages);
  });

  test('a loop needs an end', () => {
    expect(problems('{disk: 14, outstanding: 5}', '')).toEqual([
      'a workload with "outstanding" never ends: give it "ios" or "until", or the file "run"',
    ]);
    expect(problems('{disk: 14, outstanding: 5, ios: 5}', '')).toEqual([]);
  });
});

describe('a run', () => {
  const run = (guest: FakeGuest, text: string) =>
    runScenarioOn(guest, parseScenario(`${head}${text}`, 's.yaml'));

  test('each completion submits the next I/O, and the run ends with the last', () => {
    const guest = new FakeGuest({ open: [14] });
    const { workload, endNs } = run(guest, 'workload: [{disk: 14, outstanding: 2, ios: 5, from: 10ns}]');
    expect(guest.calls).toEqual([
      '10 submitIo 14 0',
      '10 submitIo 14 1',
      '110 submitIo 14 0',
      '110 submitIo 14 1',
      '210 submitIo 14 0',
    ]);
    expect(workload).toEqual([{ sent: 5, unsent: 0, completed: 5 }]);
    expect(endNs).toBeLessThanOrEqual(1_000_000);
  });

  test('frames of flows in turn, in bursts', () => {
    const guest = new FakeGuest({ open: [13] });
    run(guest, 'workload: [{nic: 13, direction: tx, flows: 2, packets: 5, burst: 2, during: 90ns}]');
    expect(guest.calls).toEqual([
      '15 frame 13 tx 0',
      '15 frame 13 tx 1',
      '45 frame 13 tx 0',
      '45 frame 13 tx 1',
      '75 frame 13 tx 0',
    ]);
  });

  test('a disk that is not there', () => {
    const { workload } = run(new FakeGuest(), 'workload: [{disk: 14, outstanding: 3, ios: 5}]');
    expect(workload).toEqual([{ sent: 0, unsent: 3, completed: 0 }]);
  });
});
