import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Cpu, NR_VECTORS } from '../../src/machine/cpu.js';
import { Machine, type MachineOptions } from '../../src/machine/machine.js';
import { Tasklet } from '../../src/machine/tasklet.js';

/** A machine whose vectors write down where they begin and end, and do in between what a test wants. */
class Lab {
  readonly machine: Machine;
  readonly trace: string[] = [];
  private readonly bodies = new Map<number, (cpu: Cpu) => void>();

  constructor(options: Partial<MachineOptions> = {}) {
    this.machine = new Machine({ present: 2, ...options });
    for (let vector = 0; vector < NR_VECTORS; vector++) {
      this.machine.setVectorHandler(vector, { handleInterrupt: (cpu) => this.handle(vector, cpu) });
    }
  }

  on(vector: number, body: (cpu: Cpu) => void): void {
    this.bodies.set(vector, body);
  }

  cpu(id: number): Cpu {
    return this.machine.cpu(id);
  }

  tasklet(name: string, body: () => void = () => {}): Tasklet {
    return new Tasklet(name, () => {
      this.trace.push(`${name}@${this.machine.thisCpu}`);
      body();
    });
  }

  take(): string[] {
    return this.trace.splice(0);
  }

  private handle(vector: number, cpu: Cpu): void {
    this.trace.push(`>${vector}@${this.machine.thisCpu}`);
    this.bodies.get(vector)?.(cpu);
    this.trace.push(`<${vector}`);
  }
}

describe('hard interrupts', () => {
  test('one that is raised is handled at once, on its CPU', () => {
    const lab = new Lab();
    lab.on(5, (cpu) => {
      expect([cpu.id, cpu.hardirq, cpu.inInterrupt, cpu.irqsDisabled, lab.machine.inInterrupt]).toEqual([
        1,
        true,
        true,
        true,
        true,
      ]);
    });
    lab.cpu(1).raise(5);
    expect(lab.take()).toEqual(['>5@1', '<5']);
    expect([lab.machine.thisCpu, lab.machine.inInterrupt, lab.cpu(1).hardirq]).toEqual([0, false, false]);
  });

  test('they do not nest on a CPU: the lowest vector comes first after the present one, each once', () => {
    const lab = new Lab();
    lab.on(5, (cpu) => {
      for (const vector of [9, 7, 9, 5]) cpu.raise(vector);
      expect([5, 7, 8, 9].map((vector) => cpu.isPending(vector))).toEqual([true, true, false, true]);
      lab.on(5, () => {});
    });
    lab.cpu(0).raise(5);
    expect(lab.take()).toEqual(['>5@0', '<5', '>5@0', '<5', '>7@0', '<7', '>9@0', '<9']);
    expect(lab.cpu(0).isPending(9)).toBe(false);
  });

  test('other CPUs take theirs meanwhile, and may raise some here', () => {
    const lab = new Lab();
    lab.on(1, () => lab.cpu(1).raise(2));
    lab.on(2, () => lab.cpu(0).raise(3));
    lab.cpu(0).raise(1);
    expect(lab.take()).toEqual(['>1@0', '>2@1', '<2', '<1', '>3@0', '<3']);
  });

  test('while they are off, one stays pending, once for each vector, until they are on again', () => {
    const lab = new Lab();
    const cpu = lab.cpu(0);
    cpu.localIrqDisable();
    cpu.localIrqDisable();
    for (const vector of [31, 255, 31, 32, 0]) cpu.raise(vector);
    cpu.localIrqEnable();
    expect(lab.take()).toEqual([]);
    cpu.localIrqEnable();
    expect(lab.take()).toEqual(['>0@0', '<0', '>31@0', '<31', '>32@0', '<32', '>255@0', '<255']);
    expect(() => cpu.localIrqEnable()).toThrow('interrupts of CPU 0 are not disabled');
  });

  test('turning them on inside one does not let others in before its end', () => {
    const lab = new Lab();
    lab.on(1, (cpu) => {
      cpu.localIrqDisable();
      cpu.raise(2);
      cpu.localIrqEnable();
      lab.trace.push('on');
    });
    lab.cpu(0).raise(1);
    expect(lab.take()).toEqual(['>1@0', 'on', '<1', '>2@0', '<2']);
  });

  test('one with no handler is told with vector and CPU', () => {
    const lab = new Lab();
    lab.machine.setVectorHandler(77, undefined);
    expect(() => lab.cpu(1).raise(77)).toThrow('no handler for vector 77 on CPU 1');
  });

  test('an interrupt keeps the next one waiting for its own time', () => {
    const lab = new Lab({ interruptNs: 100 });
    const cpu = lab.cpu(0);
    for (const vector of [1, 2, 3]) cpu.raise(vector);
    expect(lab.take()).toEqual(['>1@0', '<1']);
    lab.machine.elapse(99);
    expect(lab.take()).toEqual([]);
    lab.machine.elapse(1);
    expect(lab.take()).toEqual(['>2@0', '<2']);
    lab.machine.elapse(100);
    expect(lab.take()).toEqual(['>3@0', '<3']);
    lab.machine.elapse(100);
    expect(cpu.irqsDisabled).toBe(false);
  });

  test('each raised vector is handled once after it was raised last, whatever turns them off and on', () => {
    const vector = fc.nat(NR_VECTORS - 1);
    const step = fc.oneof(
      { weight: 4, arbitrary: vector.map((raise) => ({ raise })) },
      { weight: 1, arbitrary: fc.constant('off' as const) },
      { weight: 1, arbitrary: fc.constant('on' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const lab = new Lab();
        const cpu = lab.cpu(0);
        const expected: number[] = [];
        let waiting = new Set<number>();
        let off = 0;
        const turnOn = (): void => {
          cpu.localIrqEnable();
          if (--off > 0) return;
          expected.push(...[...waiting].sort((a, b) => a - b));
          waiting = new Set();
        };
        for (const what of steps) {
          if (what === 'on') {
            if (off > 0) turnOn();
          } else if (what === 'off') {
            cpu.localIrqDisable();
            off += 1;
          } else {
            cpu.raise(what.raise);
            if (off > 0) waiting.add(what.raise);
            else expected.push(what.raise);
          }
        }
        while (off > 0) turnOn();
        expect(lab.take()).toEqual(expected.flatMap((number) => [`>${number}@0`, `<${number}`]));
      }),
    );
  });
});

describe('tasklets', () => {
  test('one runs after the interrupt that scheduled it and those that wait, on the same CPU, once', () => {
    const lab = new Lab();
    const tasklet = lab.tasklet('bh', () => expect(lab.machine.inInterrupt).toBe(true));
    lab.on(1, (cpu) => {
      cpu.taskletSchedule(tasklet);
      cpu.taskletSchedule(tasklet);
      cpu.raise(2);
    });
    lab.cpu(1).raise(1);
    expect(lab.take()).toEqual(['>1@1', '<1', '>2@1', '<2', 'bh@1']);
    expect([tasklet.scheduled, lab.cpu(1).inInterrupt]).toEqual([false, false]);
  });

  test('an interrupt interrupts it; what that schedules runs after it', () => {
    const lab = new Lab();
    const second = lab.tasklet('second');
    const first = lab.tasklet('first', () => {
      lab.cpu(0).raise(2);
      lab.trace.push('end of first');
    });
    lab.on(1, (cpu) => cpu.taskletSchedule(first));
    lab.on(2, (cpu) => cpu.taskletSchedule(second));
    lab.cpu(0).raise(1);
    expect(lab.take()).toEqual(['>1@0', '<1', 'first@0', '>2@0', '<2', 'end of first', 'second@0']);
  });

  test('one that is scheduled while it runs runs once more', () => {
    const lab = new Lab();
    let times = 0;
    const tasklet: Tasklet = lab.tasklet('again', () => {
      if (++times < 3) lab.cpu(0).taskletSchedule(tasklet);
    });
    lab.on(1, (cpu) => cpu.taskletSchedule(tasklet));
    lab.cpu(0).raise(1);
    expect(lab.take()).toEqual(['>1@0', '<1', 'again@0', 'again@0', 'again@0']);
  });

  test('one that is scheduled outside an interrupt runs before tasks go on', () => {
    const lab = new Lab();
    lab.machine.spawn(
      'task',
      (function* () {
        lab.trace.push('task');
      })(),
    );
    lab.cpu(1).taskletSchedule(lab.tasklet('bh'));
    expect(lab.take()).toEqual([]);
    lab.machine.settle();
    expect(lab.take()).toEqual(['bh@1', 'task']);
  });

  test('sleeping is refused in interrupts and tasklets', () => {
    const lab = new Lab();
    const refused: string[] = [];
    const sleeper = function* (): Generator<never, void, void> {};
    const attempt = (): void => {
      try {
        lab.machine.run('sleeper', sleeper());
      } catch (error) {
        refused.push(String(error));
      }
    };
    lab.on(1, (cpu) => {
      attempt();
      cpu.taskletSchedule(lab.tasklet('bh', attempt));
    });
    lab.cpu(0).raise(1);
    const refusal = 'Error: sleeper: called from within an interrupt; use yield* there';
    expect(refused).toEqual([refusal, refusal]);
    expect(lab.machine.liveTasks).toBe(0);
  });
});
