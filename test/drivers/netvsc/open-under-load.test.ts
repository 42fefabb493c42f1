import { expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import { parseScenario } from '../../../src/scenario/load.js';
import { runScenarioOn } from '../../../src/scenario/runner.js';

function run(text: string) {
  const scenario = parseScenario(text, 'test');
  return runScenarioOn(Guest.create(scenario.guest), scenario);
}

test.each(['50us', '1ms', '5ms', '20ms'])(
  'frames sent while sub-channels open, in %s, do not stick',
  (open) => {
    const { steps } = run(`
cpus: 4
host: {latency: {open: ${open}}}
devices: [{driver: netvsc, relid: 13, channels: 4, subChannels: [16, 17, 18]}]
workload: [{nic: 13, direction: tx, flows: 8, packets: 6000, during: 600ms}]
timeline:
  - {at: 100ms, channels: {relid: 13, count: 2}}
  - {at: 300ms, channels: {relid: 13, count: 4}}
  - {at: 500ms, channels: {relid: 13, count: 1}}
run: 700ms
`);
    expect(steps.map(({ outcome, message }) => message ?? outcome)).toEqual(['ok', 'ok', 'ok']);
  },
);

test('a guest that hibernates under load goes on, and one that sleeps cannot be suspended again', () => {
  const { steps } = run(`
cpus: {present: 4, nodes: 2}
host: {latency: {open: 5ms, gpadl: 3ms}}
devices: [{driver: netvsc, relid: 13, channels: 4, subChannels: [16, 17, 18]}]
workload:
  - {nic: 13, flows: 8, packets: 4000, during: 1s}
  - {nic: 13, direction: tx, flows: 8, packets: 4000, during: 1s, burst: 20}
timeline:
  - {at: 100ms, suspend: true}
  - {suspend: true, expect: EBUSY}
  - {resume: true}
  - {at: 1s, suspend: true}
  - {resume: true}
run: 2s
`);
  expect(steps.map(({ outcome, message }) => message ?? outcome)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
});

test('a host that never forgets a guest: the suspend is refused, and nothing has changed', () => {
  const { steps } = run(`
cpus: 2
host: {version: "2.4"}
devices: [{driver: heartbeat, relid: 7}]
timeline:
  - {suspend: true, expect: EOPNOTSUPP}
  - {signal: 7, times: 3}
  - {count: {irq: 24}, expect: 4}
`);
  expect(steps.map(({ outcome, message }) => message ?? outcome)).toEqual(['ok', 'ok', 'ok']);
});
