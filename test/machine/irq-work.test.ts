import { describe, expect, test } from '@jest/globals';
import { check } from '../../src/explore/index.js';
import { IrqWork } from '../../src/machine/irq-work.js';
import { Machine } from '../../src/machine/machine.js';
import { SharedVar } from '../../src/machine/shared-var.js';

/** From reading kernel/irq_work.c of 7.2.8. */
describe('IrqWork', () => {
  function lab() {
    const machine = new Machine({ present: 2 });
    const trace: string[] = [];
    const work = new IrqWork('work', () => {
      trace.push(`work@${machine.thisCpu}${machine.runningCpu.hardirq ? ' hard' : ''}`);
    });
    return { machine, trace, work };
  }

  test('runs in a hard interrupt of the CPU that it is queued on', () => {
    const { machine, trace, work } = lab();
    expect(machine.cpu(1).queueIrqWork(work)).toBe(true);
    expect(trace).toEqual(['work@1 hard']);
    expect(machine.thisCpu).toBe(0);
  });

  test('waits while the CPU keeps interrupts off, and is queued once for all that', () => {
    const { machine, trace, work } = lab();
    machine.cpu(1).localIrqDisable();
    expect([machine.cpu(1).queueIrqWork(work), machine.cpu(0).queueIrqWork(work)]).toEqual([true, false]);
    expect(trace).toEqual([]);
    machine.cpu(1).localIrqEnable();
    expect(trace).toEqual(['work@1 hard']);
  });

  test('queued in an interrupt it runs after it, and may queue itself again', () => {
    const { machine, trace } = lab();
    let left = 2;
    const again: IrqWork = new IrqWork('again', () => {
      trace.push(`again ${left}`);
      if (--left > 0) machine.runningCpu.queueIrqWork(again);
      trace.push('end');
    });
    machine.cpu(0).queueIrqWork(again);
    expect(trace).toEqual(['again 2', 'end', 'again 1', 'end']);
  });

  test('a CPU that goes offline does what is queued first', () => {
    const { machine, trace, work } = lab();
    machine.cpu(1).localIrqDisable();
    machine.cpu(1).queueIrqWork(work);
    machine.run('offline', machine.hotplug.cpuDown(1));
    expect(trace).toEqual(['work@1 hard']);
  });

  test('sync waits for what is queued', () => {
    const { machine, trace, work } = lab();
    machine.cpu(1).localIrqDisable();
    machine.cpu(1).queueIrqWork(work);
    machine.clock.after(5, { fire: () => machine.cpu(1).localIrqEnable() });
    machine.run('sync', work.sync());
    expect([trace, machine.clock.now]).toEqual([['work@1 hard'], 5]);
  });

  test('in an explorer’s world it comes at any moment, and sync sees it ended in all of them', () => {
    const report = check({
      name: 'irq-work',
      setup(world) {
        const machine = new Machine({ present: 2 });
        world.attach(machine);
        const started = new SharedVar('started', 0);
        const ended = new SharedVar('ended', 0);
        const seen: number[] = [];
        const work = new IrqWork(
          'work',
          () => {},
          function* () {
            yield* started.setSteps(1);
            yield* ended.setSteps(1);
          },
        );
        world.task(
          0,
          'queue',
          (function* () {
            yield* started.getSteps();
            machine.cpu(1).queueIrqWork(work);
            seen.push(ended.get());
            yield* work.sync();
            seen.push(yield* ended.getSteps());
          })(),
        );
        world.task(
          1,
          'other',
          (function* () {
            seen.push(10 + (yield* started.getSteps()));
          })(),
        );
        return { seen };
      },
      finally: { 'has ended': ({ seen }) => seen.includes(1) },
      sometimes: {
        'before the other': ({ seen }) => seen.includes(11),
        'after the other': ({ seen }) => seen.includes(10),
      },
    });
    expect(report.violations).toEqual([]);
    expect(report.witnesses.filter(({ reached }) => !reached)).toEqual([]);
  });
});
