import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { LiveGuest } from '../../src/steer/live-guest.js';
import type { PlannedAction } from '../../src/scenario/actions/action.js';
import { parseScenario } from '../../src/scenario/load.js';
import { perform } from '../../src/scenario/steps.js';

const scenario = parseScenario(
  `
cpus: 4
devices:
  - {driver: heartbeat, relid: 7}
  - {driver: timesync, relid: 10}
workload:
  - {relid: 7, every: 10ms, from: 5ms}
timeline:
  - {at: 100ms, affinity: {relid: 7, cpu: 2}}
  - {at: 200ms, offline: 2}
run: 1s
`,
  'live.yaml',
);

let nowMs: number;
let failures: string[];
let guest: Guest;

beforeEach(() => {
  nowMs = 5_000;
  failures = [];
  guest = Guest.create(scenario.guest);
});

function live(speed: number, slowMs = 0): LiveGuest {
  return new LiveGuest(guest, scenario, {
    speed,
    nowMs: () => {
      nowMs += slowMs;
      return nowMs;
    },
    sleep,
    onFailure: (message) => failures.push(message),
  });
}

const signalled = (): number => guest.signalled(7);

describe('time', () => {
  test.each([
    [1, 50, 5],
    [10, 50, 50],
    [0.5, 50, 3],
    [0, 50, 0],
  ])('at speed %p, %p ms give %p signals', (speed, passedMs, signals) => {
    const running = live(speed);
    const before = signalled();
    nowMs += passedMs;
    running.catchUp();
    expect(signalled() - before).toBe(signals);
    expect(running.elapsedNs).toBe(speed * passedMs * 1e6);
  });

  test('what took time in advance is waited for', () => {
    const running = live(1);
    guest.run({ ms: 30 });
    nowMs += 20;
    running.catchUp();
    expect(running.elapsedNs).toBe(30e6);
    nowMs += 20;
    running.catchUp();
    expect(running.elapsedNs).toBe(40e6);
  });

  test('the speed can change, with no jump', () => {
    const running = live(1);
    nowMs += 10;
    running.speed = 0;
    nowMs += 1000;
    running.catchUp();
    expect(running.elapsedNs).toBe(10e6);
    running.speed = 10;
    nowMs += 1;
    running.catchUp();
    expect(running.elapsedNs).toBe(20e6);
  });

  test('run goes ahead at once', async () => {
    const running = live(1);
    await running.run(40e6);
    expect(running.elapsedNs).toBe(40e6);
    nowMs += 5;
    running.catchUp();
    expect(running.elapsedNs).toBe(45e6);
  });

  test('a machine that is too slow loses time instead of hanging', () => {
    const running = live(1, 30);
    nowMs += 60_000;
    running.catchUp();
    expect(running.behindNs).toBeGreaterThan(50e9);
    const { elapsedNs } = running;
    expect(elapsedNs).toBeLessThan(1e9);
    running.catchUp();
    expect(running.elapsedNs - elapsedNs).toBeLessThan(100e6);
  });
});

describe('a guest that is too busy for this machine', () => {
  const swamped = parseScenario(
    `
cpus: 2
devices: [{driver: heartbeat, relid: 7}]
workload: [{relid: 7, every: 1ns}]
run: 1s
`,
    'swamped.yaml',
  );
  let looks: number;
  let running: LiveGuest;

  /** Each look at the time takes 1 ms; the guest gets as much work as that gives it. */
  function looking(options: { readonly mostBusyMs?: number } = {}): LiveGuest {
    return new LiveGuest(guest, swamped, {
      speed: 1,
      nowMs: () => {
        looks += 1;
        nowMs += 1;
        return nowMs;
      },
      sleep,
      onFailure: () => {},
      ...options,
    });
  }

  beforeEach(() => {
    looks = 0;
    guest = Guest.create(swamped.guest);
    running = looking();
  });

  test('lets others have their turn after 15 ms, and then for 5 ms', () => {
    nowMs += 1000;
    looks = 0;
    running.catchUp();
    expect(looks).toBeGreaterThan(10);
    expect(looks).toBeLessThan(25);
    const { elapsedNs } = running;
    expect(elapsedNs).toBeGreaterThan(0);
    expect(elapsedNs).toBeLessThan(10_000);
    expect(running.behindNs).toBeGreaterThan(900e6);
    for (let request = 0; request < 3; request++) running.catchUp();
    expect(running.elapsedNs).toBe(elapsedNs);
    nowMs += 5;
    running.catchUp();
    expect(running.elapsedNs).toBeGreaterThan(elapsedNs);
  });

  test('in the middle of what happens at one point of time, too', () => {
    running = looking({ mostBusyMs: 6 });
    running.startWorkload([
      { kind: 'periodic', relid: 7, everyNs: 1e9, jitterNs: 0, fromNs: 0, untilNs: undefined, burst: 1e6 },
    ]);
    running.proceed();
    const sent = () => (running.tallies[1] as { readonly sent: number }).sent;
    expect(sent()).toBeGreaterThan(10_000);
    expect(sent()).toBeLessThan(1e6);
    nowMs += 1000;
    for (let request = 0; sent() < 1e6; request++) {
      expect(request).toBeLessThan(1000);
      running.catchUp();
    }
  });

  test('or sooner, if it is to', () => {
    running = looking({ mostBusyMs: 6 });
    nowMs += 1000;
    looks = 0;
    running.catchUp();
    expect(looks).toBeLessThan(12);
    const { elapsedNs } = running;
    nowMs += 2;
    running.catchUp();
    expect(running.elapsedNs).toBeGreaterThan(elapsedNs);
  });

  test('also while it is told to go ahead', async () => {
    let over = false;
    const done = running.run(5_000).then(() => (over = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(over).toBe(false);
    const { elapsedNs } = running;
    nowMs += 1000;
    running.catchUp();
    expect(running.elapsedNs).toBe(elapsedNs);
    await done;
    expect(running.elapsedNs).toBeGreaterThanOrEqual(5_000);
  });

  test('halts where it is, and what is asked of it afterwards begins there', async () => {
    running.speed = 0;
    const done = running.run(1e9);
    await new Promise((resolve) => setImmediate(resolve));
    expect(running.isBusy).toBe(true);
    running.halt();
    await done;
    const { elapsedNs } = running;
    expect(elapsedNs).toBeGreaterThan(0);
    expect(elapsedNs).toBeLessThan(1e6);
    expect(running.isBusy).toBe(false);
    await running.run(10);
    expect(running.elapsedNs).toBe(elapsedNs + 10);
  });
});

test('the next thing is an event of the guest or a step of the timeline', async () => {
  const running = live(0);
  expect(running.nextNs).toBe(5e6);
  await running.run(99e6);
  // The heartbeat comes at 95 ms and 105 ms.
  expect(running.nextNs).toBe(100e6);
  const quiet = parseScenario('cpus: 1', 'quiet.yaml');
  const still = new LiveGuest(Guest.create(quiet.guest), quiet, {
    speed: 0,
    nowMs: () => nowMs,
    sleep,
    onFailure: () => {},
  });
  expect(still.nextNs).toBeUndefined();
});

describe('work that waits for a host that never answers', () => {
  const silent = parseScenario(
    `
cpus: 2
devices: [{driver: heartbeat, relid: 7}, {driver: netvsc, relid: 13}]
workload: [{relid: 7, every: 1us}]
host: {misbehave: [{message: UNLOAD_RESPONSE, do: drop}]}
timeline: [{at: 2ms, suspend: true, expect: hang}]
run: 1s
`,
    'silent.yaml',
  );
  let looks: number;
  let running: LiveGuest;

  /** Each look at the time takes 1 ms, in which one goes with every 64th event. */
  beforeEach(() => {
    looks = 0;
    guest = Guest.create(silent.guest);
    running = new LiveGuest(guest, silent, {
      speed: 1,
      nowMs: () => {
        looks += 1;
        nowMs += 1;
        return nowMs;
      },
      sleep,
      onFailure: (message) => failures.push(message),
    });
  });

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const suspend = (): PlannedAction => silent.timeline[0];

  test('is done in slices of 15 ms, between which others have 5 ms', async () => {
    let over = false;
    const work = running.work(perform(guest, suspend())).finally(() => (over = true));
    const rounds = 20;
    for (let round = 0; round < rounds; round++) {
      const before = guest.now;
      looks = 0;
      await turn();
      expect(looks).toBeLessThan(25);
      expect(guest.now - before).toBeLessThan(2e6);
    }
    expect(over).toBe(false);
    expect(guest.machine.liveTasks).toBe(1);
    running.stopWorkload(7);
    expect(await work).toMatchObject({ kind: 'refused', code: 'a hang' });
  });

  test('lets other work go on, which may be what it waits for', async () => {
    const work = running.work(perform(guest, suspend()));
    await turn();
    expect(await running.work(guest.inTurns(() => guest.offline(1)))).toBeUndefined();
    expect(guest.machine.online.has(1)).toBe(false);
    running.stopWorkload(7);
    expect(await work).toMatchObject({ kind: 'refused', code: 'a hang' });
  });

  test('as a step of the timeline, too', () => {
    nowMs += 2;
    running.catchUp();
    for (let i = 0; i < 20; i++) {
      nowMs += 20;
      looks = 0;
      running.catchUp();
      expect(looks).toBeLessThan(25);
    }
    expect(guest.machine.liveTasks).toBe(1);
    expect(failures).toEqual([]);
  });
});

describe('scenario', () => {
  test('the timeline happens in its time; what fails is said with its place', () => {
    const running = live(1);
    nowMs += 150;
    running.catchUp();
    expect(guest.channel(7).cpu).toBe(2);
    expect(failures).toEqual([]);
    nowMs += 100;
    running.catchUp();
    expect(failures).toEqual([
      expect.stringMatching(/^live\.yaml:\d+:\d+: offline 2: expected success, but got EBUSY: /),
    ]);
    nowMs += 500;
    running.catchUp();
    expect(failures).toHaveLength(1);
  });

  test('workload comes and goes', () => {
    const running = live(1);
    running.startWorkload([
      { kind: 'periodic', relid: 10, everyNs: 1e6, jitterNs: 0, fromNs: 0, untilNs: undefined, burst: 2 },
    ]);
    nowMs += 20;
    running.catchUp();
    expect(running.tallies).toEqual([
      { relid: 7, kind: 'periodic', sent: 2, unsent: 0 },
      { relid: 10, kind: 'periodic', sent: 42, unsent: 0 },
    ]);
    expect(running.stopWorkload(10)).toBe(1);
    expect(running.stopWorkload(10)).toBe(0);
    const before = guest.signalled(10);
    nowMs += 20;
    running.catchUp();
    expect(guest.signalled(10)).toBe(before);
    expect(running.tallies).toEqual([{ relid: 7, kind: 'periodic', sent: 4, unsent: 0 }]);
  });
});
