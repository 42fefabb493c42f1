import { describe, expect, test } from '@jest/globals';
import { Completion, sleep, WaitQueue } from '../../src/machine/completion.js';
import { HungTaskDetector, type HungTaskStyle } from '../../src/machine/hung-task.js';
import { HungError } from '../../src/machine/hung.js';
import { HZ, INITIAL_JIFFIES } from '../../src/machine/jiffies.js';
import { Lock } from '../../src/machine/lock.js';
import { Machine } from '../../src/machine/machine.js';
import { inFrame, type Procedure } from '../../src/machine/step.js';
import { timerExpiry } from '../../src/machine/timer-wheel.js';
import { systemWq } from '../../src/machine/workqueue.js';

const S = 1_000_000_000;
const style: HungTaskStyle = { release: '6.12.0', taintFlags: 19, saysWhenSilent: true, namesOwner: false };

function detected(options: Partial<HungTaskStyle> = {}): { machine: Machine; detector: HungTaskDetector } {
  const machine = new Machine({ present: 4 });
  return { machine, detector: new HungTaskDetector(machine, { ...style, ...options }) };
}

function* waitFor(what: Completion | WaitQueue): Procedure<void> {
  yield* what.wait();
}

const never = (): Completion => new Completion('what never comes');
const lines = ({ log }: Machine): string[] =>
  log.lines.map(({ ns, text }) => `${(ns / S).toFixed(3)} ${text}`);
const warnings = (machine: Machine): string[] => lines(machine).filter((line) => line.includes('INFO:'));

describe('a timer of the kernel', () => {
  // kernel/time/timer.c: with HZ=250 levels of 4, 32, 256, 2048 ms and so on.
  test.each([
    [1000, 0, 1001],
    [1000, 62, 1063],
    [1000, 63, 1064],
    [1001, 63, 1072],
    [1000, 503, 1504],
    [1000, 504, 1536],
    [INITIAL_JIFFIES, 120 * HZ, INITIAL_JIFFIES + 30456],
    [INITIAL_JIFFIES + 30456, 120 * HZ, INITIAL_JIFFIES + 60664],
  ])('set at jiffy %i for %i more goes off at %i', (now, delay, at) => {
    expect(timerExpiry(now, delay)).toBe(at);
    expect(timerExpiry(now, delay)).toBeGreaterThan(now + delay);
  });
});

describe('khungtaskd', () => {
  test('warns of a task that has not run between two of its looks, 120.832 s apart, with the time since the first', () => {
    const { machine } = detected();
    machine.spawn('stuck', waitFor(never()));
    machine.elapse(500 * S);
    expect(lines(machine)).toEqual([
      '242.656 INFO: task stuck:3 blocked for more than 120 seconds.',
      '242.656       Not tainted 6.12.0 #1',
      '242.656 "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
      '363.488 INFO: task stuck:3 blocked for more than 241 seconds.',
      '363.488       Not tainted 6.12.0 #1',
      '363.488 "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
      '484.320 INFO: task stuck:3 blocked for more than 362 seconds.',
      '484.320       Not tainted 6.12.0 #1',
      '484.320 "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
    ]);
  });

  test('does not warn of one that has run meanwhile, can be signalled, or has ended', () => {
    const { machine } = detected();
    const queue = new WaitQueue('never', () => false);
    machine.spawn('woken', waitFor(queue));
    machine.spawn('signalled', waitFor(new WaitQueue('a signal', () => false, true)));
    machine.spawn('sleeps', sleep(1000 * S));
    const ended = new Completion('in time');
    machine.spawn('ends', waitFor(ended));
    for (let i = 0; i < 8; i++) {
      machine.elapse(60 * S);
      queue.wakeUp();
      machine.settle();
    }
    ended.complete();
    machine.settle();
    expect(warnings(machine).filter((line) => !line.includes('ends'))).toEqual([]);
  });

  test('gives ten warnings, says so in kernels that do, and goes on when it may give more', () => {
    const { machine, detector } = detected();
    for (let i = 0; i < 12; i++) machine.spawn(`task ${i}`, waitFor(never()));
    machine.elapse(400 * S);
    expect(warnings(machine)).toHaveLength(10);
    expect(lines(machine).at(-1)).toBe(
      '242.656 Future hung task reports are suppressed, see sysctl kernel.hung_task_warnings',
    );
    detector.warnings = -1;
    machine.elapse(120 * S);
    expect(warnings(machine)).toHaveLength(22);
    const quiet = detected({ saysWhenSilent: false }).machine;
    for (let i = 0; i < 12; i++) quiet.spawn(`task ${i}`, waitFor(never()));
    quiet.elapse(400 * S);
    expect(lines(quiet).at(-1)).toMatch(/disables this message\.$/);
  });

  test('looks as often as it is told, and not at all if the time is 0', () => {
    const { machine, detector } = detected();
    machine.spawn('stuck', waitFor(never()));
    detector.timeoutSecs = 10;
    machine.elapse(25 * S);
    expect(warnings(machine)).toHaveLength(1);
    detector.timeoutSecs = 0;
    machine.elapse(1000 * S);
    expect(warnings(machine)).toHaveLength(1);
    detector.timeoutSecs = 120;
    detector.checkIntervalSecs = 30;
    machine.elapse(125 * S);
    expect(warnings(machine).length).toBeGreaterThan(1);
  });

  test("names a worker as the kernel does, its workqueue and function, and in newer kernels the mutex' owner", () => {
    const { machine } = detected({ namesOwner: true });
    const mutex = new Lock('a mutex');
    function* hold(): Procedure<void> {
      yield* mutex.lock();
      yield* never().wait();
    }
    const queue = systemWq(machine);
    queue.queue(() => inFrame('first_work', hold()), 2);
    queue.queue(() => inFrame('second_work', mutex.lock()), 2);
    machine.log.warn('kernel/x.c', 'x');
    machine.elapse(250 * S);
    const tainted = 'Tainted: G        W          6.12.0 #1';
    const disables = '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.';
    expect(lines(machine).filter((line) => line.startsWith('242.656'))).toEqual(
      [
        'INFO: task kworker/2:0:3 blocked for more than 120 seconds.',
        `      ${tainted}`,
        disables,
        'Workqueue: events first_work',
        'INFO: task kworker/2:1:4 blocked for more than 120 seconds.',
        `      ${tainted}`,
        disables,
        'Workqueue: events second_work',
        'INFO: task kworker/2:1:4 is blocked on a mutex likely owned by task kworker/2:0:3.',
      ].map((line) => `242.656 ${line}`),
    );
  });

  test('is nothing that a caller waits for: a call that cannot end says so at once', () => {
    const { machine } = detected();
    expect(() => machine.run('caller', waitFor(never()))).toThrow(HungError);
    expect(machine.clock.now).toBe(0);
  });
});

describe('a hang', () => {
  test('says who waits in which function for what, since when, and who holds it', () => {
    const machine = new Machine({ present: 2 });
    const mutex = new Lock('channel_mutex');
    function* owner(): Procedure<void> {
      yield* mutex.lock();
      yield* inFrame('vmbus_open', never().wait());
    }
    machine.spawn('owner', owner(), 1);
    machine.elapse(5 * S);
    let error: unknown;
    try {
      machine.run('write', inFrame('target_cpu_store', mutex.lock()));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(HungError);
    expect(error).toMatchObject({
      message: 'write waits for channel_mutex and nothing is left to happen',
      contexts: [
        { task: 'owner', cpu: 1, functions: ['vmbus_open'], waitsFor: 'what never comes', sinceNs: 0 },
        {
          task: 'write',
          functions: ['target_cpu_store'],
          waitsFor: 'channel_mutex',
          sinceNs: 5 * S,
          holder: { comm: 'owner', pid: 3, functions: ['vmbus_open'] },
        },
      ],
    });
  });
});
