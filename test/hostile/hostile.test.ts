import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { checks, checksAsked } from '../../src/lib/checks.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { drawTrial } from './draw.js';
import { findingsDirectory, loadTrial, saveFinding } from './finding.js';
import { foreignError } from './foreign.js';
import { mutated } from './mutate.js';
import { partNamed } from './parts/index.js';
import { smallest, smallestOf } from './smallest.js';

/** The part of the hostile suite that is the same each time: npm run hostile goes on from here. */
const SEED = 1;
const directory = temporaryDirectory('hostile');
const { full } = checks;
beforeAll(() => {
  checks.full = true;
});
afterAll(() => {
  checks.full = full;
});

describe.each([
  {
    name: 'lives',
    trials: 12,
    reaches: ['hostile host', 'honest host', 'crash', 'suspend and resume', 'plug a CPU', 'poke'],
  },
  { name: 'clients', trials: 1, reaches: ['a mutated command', 'half closed', 'a flood'] },
])('$trials trials of $name', ({ name, trials, reaches }) => {
  test('break nothing, and come to what they are for', async () => {
    const part = partNamed(name);
    const reached = new Set<string>();
    for (let nth = 0; nth < trials; nth++) {
      // Guests stay in memory until the event loop's turn ends.
      await nextTurn();
      const trial = drawTrial(part, SEED, nth);
      const finding = await part.run(trial, { step: () => {}, reached: (what) => reached.add(what) });
      expect({ nth, finding }).toEqual({ nth, finding: undefined });
    }
    expect(reaches.filter((what) => !reached.has(what))).toEqual([]);
  });
});

test('mutated files are refused with a reason, or read', async () => {
  const part = partNamed('files');
  const trial = drawTrial(part, SEED, 0);
  const reached = new Set<string>();
  const finding = await part.run(
    { ...trial, actions: trial.actions.slice(0, 8) },
    { step: () => {}, reached: (what) => reached.add(what) },
  );
  expect(finding).toBeUndefined();
  expect(reached.size).toBeGreaterThan(3);
});

describe('with IRQLAB_CHECKS=full', () => {
  test.each<[string, (guest: Guest) => void, string]>([
    [
      'VMBus',
      (guest) => {
        guest.channel(7).channel.irqRequested = false;
      },
      'broken after what came from outside: channel 7 is open without its IRQ',
    ],
    [
      'lines',
      (guest) => {
        const desc = guest.irqCore.desc(guest.channel(7).channel.irq);
        if (desc !== undefined) desc.cold.depth = 2;
      },
      'depth 2, but not disabled',
    ],
    [
      'tasks',
      ({ machine, irqCore }) => {
        machine.spawn(
          'spoiler',
          (function* spoil() {
            for (const desc of irqCore.descs()) if (desc.irq === 24) desc.totCount += 1;
          })(),
        );
      },
      'broken after spoiler: IRQ 24: its CPUs have counted',
    ],
  ])('%s: what breaks is told with the transition that broke it', (_name, spoil, said) => {
    const guest = Guest.create({ cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }] });
    guest.run({ ms: 1 });
    spoil(guest);
    expect(() => guest.run({ ms: 1 })).toThrow(said);
  });

  test('after twenty thousand transitions it is told soon', () => {
    const guest = Guest.create({ cpus: 1, devices: [{ driver: 'heartbeat', relid: 7 }] });
    const { machine } = guest;
    for (let n = 0; n < 20_000; n++) machine.settle();
    guest.channel(7).channel.irqRequested = false;
    expect(() => {
      for (let n = 0; n < 1000; n++) machine.settle();
    }).toThrow('channel 7 is open without its IRQ');
  });

  test('a line that enable_irq has started, and a request leaves to be enabled, is as in Linux', () => {
    const interrupts = [{ irq: 4, chip: 'IO-APIC', hwirq: 4, flow: 'edge', name: 'ttyS0' }] as const;
    const guest = Guest.create({ cpus: 2, devices: [], interrupts });
    const line = guest.irq(4);
    line.free();
    guest.lines.enable(4);
    line.request({ name: 'late', flags: ['IRQF_NO_AUTOEN'] });
    expect(guest.irqCore.desc(4)?.cold.depth).toBe(1);
    line.raise();
    expect(guest.irqCount(4)).toBe(1);
    guest.lines.enable(4);
    expect(guest.irqCore.desc(4)?.cold.depth).toBe(0);
  });

  test('another word than full is an error, which names it', () => {
    expect([undefined, '', 'full'].map(checksAsked)).toEqual([false, false, true]);
    for (const word of ['FULL', 'yes', '1', 'full '])
      expect(() => checksAsked(word)).toThrow(`IRQLAB_CHECKS is "${word}"; expected full, or nothing`);
  });
});

describe('what the suite itself does', () => {
  test('trials are the same for the same seed, and others for another one or another part', () => {
    const [lives, hosts] = [partNamed('lives'), partNamed('hosts')];
    expect(drawTrial(lives, 1, 3)).toEqual(drawTrial(lives, 1, 3));
    const setups = [
      drawTrial(lives, 1, 3),
      drawTrial(lives, 2, 3),
      drawTrial(lives, 1, 4),
      drawTrial(hosts, 1, 3),
    ];
    expect(new Set(setups.map(({ setup }) => setup)).size).toBe(4);
  });

  test('what fails is shown with as little as fails', async () => {
    const items = Array.from({ length: 40 }, (_, i) => i);
    const fails = (some: readonly number[]): boolean => some.includes(7) && some.includes(31);
    expect(smallest(items, fails)).toEqual([7, 31]);
    expect(await smallestOf(items, async (some) => fails(some))).toEqual([7, 31]);
  });

  test('mutations change files, and are the same for the same seed', () => {
    const bytes = Buffer.from('cpus: 4\ndevices:\n  - {driver: heartbeat, relid: 7}\n');
    const several = Array.from({ length: 20 }, (_, seed) =>
      Buffer.from(mutated(bytes, seed)).toString('latin1'),
    );
    expect(new Set(several).size).toBeGreaterThan(15);
    expect(Buffer.from(mutated(bytes, 5)).toString('latin1')).toBe(several[5]);
  });

  test('findings are saved in a directory that is made for them, and run again from there', () => {
    const missing = join(directory.path, 'of', 'findings');
    const trial = drawTrial(partNamed('lives'), SEED, 0);
    const file = saveFinding(findingsDirectory(missing), { ...trial, finding: 'it broke', words: ['one'] });
    expect(loadTrial(file)).toEqual(trial);
    expect(findingsDirectory(missing)).toBe(missing);
    expect(() => findingsDirectory(file)).toThrow('EEXIST');
  });

  test('errors of the language are told from those that somebody wrote', () => {
    const missing: { readonly of?: { readonly it: number } } = {};
    const read = (): number => (missing as { readonly of: { readonly it: number } }).of.it;
    expect(foreignError(new RangeError('there is no IRQ 7'))).toBeUndefined();
    expect(foreignError(new Error('anything'))).toContain('anything');
    let thrown: unknown;
    try {
      read();
    } catch (error) {
      thrown = error;
    }
    expect(foreignError(thrown)).toContain('TypeError');
  });
});
