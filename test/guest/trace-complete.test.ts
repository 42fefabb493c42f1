import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { ErrnoError } from '../../src/lib/errno.js';
import { Prng } from '../../src/lib/prng.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';
import { isLong, runs, someOf } from '../support/long.js';
import { TraceLedger } from './trace-ledger.js';

const EVENTS = ['irq', 'hyperv', 'lab'];
const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const files = readdirSync(examples).filter((file) => file.endsWith('.yaml'));

test.each(someOf(files, 3))('%s: what the guest shows is in the trace', (file) => {
  const scenario = parseScenario(readFileSync(examples + file, 'utf8'), file);
  const vm = Guest.create(scenario.guest);
  const ledger = new TraceLedger(vm);
  const trace = vm.trace({ events: EVENTS });
  runScenarioOn(vm, { ...scenario, print: [] }, { runNs: isLong ? 30_000_000 : 10_000_000 });
  vm.run({ ms: 5 });
  expect(ledger.differences(trace)).toEqual([]);
});

test('so it is in random lives', () => {
  for (let seed = 1; seed <= runs(200, 10); seed++) {
    const random = new Prng(seed);
    const vm = Guest.create({
      cpus: 4,
      devices: [
        { driver: 'storvsc', relid: 14, subChannels: [21] },
        { driver: 'netvsc', relid: 13, channels: 3, subChannels: [16, 17] },
        { class: '{ba6163d9-04a1-4d29-b605-72e2ffb1dc7f}', relid: 5 },
      ],
    });
    const ledger = new TraceLedger(vm);
    const trace = vm.trace({ events: EVENTS });
    const relids = [14, 21, 13, 16, 17, 5];
    const acts: readonly (() => void)[] = [
      () => vm.host.signal(relids[random.below(relids.length)], 1 + random.below(4)),
      () => vm.channel(relids[random.below(relids.length)]).setCpu(random.below(4)),
      () => vm.irq(vm.channel(relids[random.below(relids.length)]).irq).setAffinity([random.below(4)]),
      () => vm.cpu(1 + random.below(3)).offline(),
      () => vm.cpu(1 + random.below(3)).online(),
      () => vm.disk(14).submit({ count: 1 + random.below(3) }),
      () => vm.run({ us: random.below(300) }),
    ];
    for (let i = 0; i < 25; i++) {
      try {
        acts[random.below(acts.length)]();
      } catch (error) {
        if (!(error instanceof ErrnoError)) throw error;
      }
    }
    vm.run({ ms: 5 });
    expect([seed, ...ledger.differences(trace)]).toEqual([seed]);
  }
}, 300_000);
