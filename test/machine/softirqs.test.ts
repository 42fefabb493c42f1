import { describe, expect, test } from '@jest/globals';
import { BlockDone } from '../../src/machine/block-done.js';
import { Machine } from '../../src/machine/machine.js';
import { type SoftirqName, softirqNames } from '../../src/machine/softirq.js';
import { Tasklet } from '../../src/machine/tasklet.js';
import { regularTopology } from '../../src/machine/topology.js';

const VECTOR = 0x30;

/** A machine whose interrupt does `handler` on CPU 0. */
function machineOf(handler: () => void): Machine {
  const machine = new Machine({ present: 2 });
  machine.setVectorHandler(VECTOR, { handleInterrupt: handler });
  return machine;
}

function counts(machine: Machine, cpu = 0): Partial<Record<SoftirqName, number>> {
  const { softirqs } = machine.cpu(cpu);
  return Object.fromEntries(
    softirqNames.flatMap((name) => (softirqs.count(name) ? [[name, softirqs.count(name)]] : [])),
  );
}

describe('softirqs', () => {
  test('run in the order of their numbers, each once for all that waits for it', () => {
    const order: string[] = [];
    const work = (name: string, softirq: SoftirqName) =>
      new Tasklet(name, () => order.push(name), undefined, softirq);
    const all = [
      work('first tasklet', 'TASKLET'),
      work('poll', 'NET_RX'),
      work('second tasklet', 'TASKLET'),
      work('timer', 'TIMER'),
      work('requests', 'BLOCK'),
    ];
    const machine = machineOf(() => {
      for (const each of all) machine.cpu(0).taskletSchedule(each);
    });
    machine.cpu(0).raise(VECTOR);
    expect(order).toEqual(['timer', 'poll', 'requests', 'first tasklet', 'second tasklet']);
    expect(counts(machine)).toEqual({ TIMER: 1, NET_RX: 1, BLOCK: 1, TASKLET: 1 });
    expect(counts(machine, 1)).toEqual({});
  });

  test('what comes while one runs is for the next round', () => {
    const order: string[] = [];
    const machine = machineOf(() => machine.cpu(0).taskletSchedule(first));
    const poll = new Tasklet('poll', () => order.push('poll'), undefined, 'NET_RX');
    const late = new Tasklet('late', () => order.push('late'));
    const first = new Tasklet('first', () => {
      order.push('first');
      machine.cpu(0).taskletSchedule(late);
      machine.cpu(0).taskletSchedule(poll);
      if (order.length === 1) machine.cpu(0).taskletSchedule(first);
    });
    machine.cpu(0).raise(VECTOR);
    expect(order).toEqual(['first', 'poll', 'late', 'first', 'poll', 'late']);
    expect(counts(machine)).toEqual({ TASKLET: 3, NET_RX: 2 });
  });

  test('a tasklet that is scheduled again before it ran counts once', () => {
    const machine = machineOf(() => {
      machine.cpu(0).taskletSchedule(tasklet);
      machine.cpu(0).taskletSchedule(tasklet);
    });
    const tasklet = new Tasklet('tasklet', () => {});
    machine.cpu(0).raise(VECTOR);
    machine.cpu(0).raise(VECTOR);
    expect(counts(machine)).toEqual({ TASKLET: 2 });
  });

  test('hardware counts nothing', () => {
    let looked = 0;
    const machine = machineOf(() => machine.cpu(0).taskletSchedule(look));
    const look = new Tasklet('hardware', () => (looked += 1), undefined, null);
    machine.cpu(0).raise(VECTOR);
    expect([looked, counts(machine)]).toEqual([1, {}]);
  });

  test('tasklets of a CPU that goes run, and count, elsewhere', () => {
    const machine = new Machine({ present: 2 });
    machine.cpu(1).taskletSchedule(new Tasklet('tasklet', () => {}));
    machine.cpu(1).moveTaskletsTo(machine.cpu(0));
    machine.settle();
    expect([counts(machine), counts(machine, 1)]).toEqual([{ TASKLET: 1 }, {}]);
  });
});

describe('the end of a block request', () => {
  const end = (cpu: number, { hwQueues = 4, sendsIpis = true, offline = false } = {}): string => {
    const machine = new Machine({
      present: 4,
      topology: regularTopology(4, { packages: 2 }),
      ...(offline && { online: [0, 1] }),
    });
    const requests = new BlockDone(machine, sendsIpis);
    let ended = 'pending';
    machine.thisCpu = 0;
    requests.complete({
      cpu,
      hwQueues,
      end: () => {
        ended = `CPU ${machine.thisCpu}`;
      },
    });
    const atOnce = ended !== 'pending';
    machine.settle();
    const softirqs = [0, 1, 2, 3].map((id) => machine.cpu(id).softirqs.count('BLOCK'));
    return `${atOnce ? 'at once' : 'later'} on ${ended}, BLOCK ${softirqs.join(' ')}`;
  };

  test.each([
    ['its own CPU', 0, {}, 'at once on CPU 0, BLOCK 0 0 0 0'],
    ['a CPU that shares a cache', 1, {}, 'at once on CPU 0, BLOCK 0 0 0 0'],
    ['a CPU of another package', 2, {}, 'later on CPU 2, BLOCK 0 0 1 0'],
    ['one hardware queue', 0, { hwQueues: 1 }, 'later on CPU 0, BLOCK 1 0 0 0'],
    ['one hardware queue, another package', 3, { hwQueues: 1 }, 'later on CPU 3, BLOCK 0 0 0 1'],
    ['a CPU that is offline', 3, { offline: true }, 'at once on CPU 0, BLOCK 0 0 0 0'],
    ['handlers in threads', 3, { sendsIpis: false }, 'at once on CPU 0, BLOCK 0 0 0 0'],
  ])('submitted on %s', (_, cpu, options, expected) => {
    expect(end(cpu, options)).toBe(expected);
  });

  test('several requests for a CPU make one softirq', () => {
    const machine = new Machine({ present: 2, topology: regularTopology(2, { packages: 2 }) });
    const requests = new BlockDone(machine, true);
    const order: number[] = [];
    for (const i of [1, 2, 3]) requests.complete({ cpu: 1, hwQueues: 2, end: () => order.push(i) });
    machine.settle();
    expect([order, machine.cpu(1).softirqs.count('BLOCK')]).toEqual([[1, 2, 3], 1]);
  });
});
