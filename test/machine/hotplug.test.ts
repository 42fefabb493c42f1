import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ErrnoError } from '../../src/lib/errno.js';
import { sleep } from '../../src/machine/completion.js';
import { cpuhpPlace } from '../../src/machine/hotplug.js';
import type { HotplugState } from '../../src/machine/hotplug-state.js';
import { Machine, type MachineOptions } from '../../src/machine/machine.js';
import type { Procedure } from '../../src/machine/step.js';
import { Tasklet } from '../../src/machine/tasklet.js';

class Lab {
  readonly machine: Machine;
  readonly calls: string[] = [];
  /** What refuses, as `up NAME` or `down NAME`. */
  readonly refusing = new Set<string>();

  constructor(options: Partial<MachineOptions> = {}) {
    this.machine = new Machine({ present: 3, ...options });
  }

  state(name: string, place: number = cpuhpPlace.onlineDyn): HotplugState {
    const callback = (call: string) => (cpu: { id: number }) => this.callback(call, cpu.id);
    return { name, place, startup: callback(`up ${name}`), teardown: callback(`down ${name}`) };
  }

  register(...names: string[]): void {
    for (const name of names) this.machine.hotplug.register(this.state(name));
  }

  down(cpu: number): string[] {
    this.machine.run('down', this.machine.hotplug.cpuDown(cpu));
    return this.take();
  }

  up(cpu: number): string[] {
    this.machine.run('up', this.machine.hotplug.cpuUp(cpu));
    return this.take();
  }

  take(): string[] {
    return this.calls.splice(0);
  }

  get log(): string[] {
    return this.machine.log.lines.splice(0).map((line) => line.text);
  }

  private *callback(call: string, cpu: number): Procedure<void> {
    this.calls.push(call);
    yield* sleep(10);
    if (this.refusing.has(call)) throw new ErrnoError('EBUSY', `${call} of CPU ${cpu} refuses`);
  }
}

describe('a CPU that goes and comes', () => {
  test('passes the states by place, then by registration, and backwards when it goes', () => {
    const lab = new Lab();
    const { hotplug } = lab.machine;
    hotplug.register(lab.state('dyn1', cpuhpPlace.onlineDyn));
    hotplug.register(lab.state('dyn2', cpuhpPlace.onlineDyn));
    hotplug.register(lab.state('irq', cpuhpPlace.irqAffinityOnline));
    expect(lab.down(2)).toEqual(['down dyn2', 'down dyn1', 'down irq']);
    expect([[...lab.machine.online], lab.machine.cpu(2).online]).toEqual([[0, 1], false]);
    expect(lab.up(2)).toEqual(['up irq', 'up dyn1', 'up dyn2']);
    expect([[...lab.machine.online], lab.machine.cpu(2).online]).toEqual([[0, 1, 2], true]);
    expect(lab.machine.clock.now).toBe(60);
  });

  // kernel/cpu.c cpuhp_invoke_callback: st->fail is for once, on the way up as on the way down.
  test('can be told to fail at a state', () => {
    const lab = new Lab();
    const { hotplug } = lab.machine;
    const state = lab.state('dyn2');
    lab.register('dyn1');
    hotplug.register(state);
    lab.register('dyn3');
    hotplug.fail(2, state);
    expect(() => lab.down(2)).toThrow('dyn2 was told to fail on CPU 2');
    expect([lab.take(), lab.machine.cpu(2).online]).toEqual([['down dyn3', 'up dyn3'], true]);
    expect(hotplug.failing(2)).toBeUndefined();
    expect(lab.down(2)).toHaveLength(3);
    hotplug.fail(2, state);
    expect(() => lab.up(2)).toThrow('dyn2 was told to fail on CPU 2');
    expect([lab.take(), lab.machine.cpu(2).online]).toEqual([['up dyn1', 'down dyn1'], false]);
  });

  test('says so in the log as x86 does', () => {
    const lab = new Lab({ present: 12 });
    lab.down(10);
    lab.up(10);
    lab.machine.hotplug.announcesSmpBoot = true;
    lab.down(1);
    lab.up(1);
    expect(lab.log).toEqual([
      'smpboot: CPU 10 is now offline',
      'smpboot: Booting Node 0 Processor 10 APIC 0xa',
      'smpboot: CPU 1 is now offline',
      'x86: Booting SMP configuration:',
      'smpboot: Booting Node 0 Processor 1 APIC 0x1',
    ]);
  });

  /** kernel/cpu.c __cpuhp_state_add_instance_cpuslocked: hlist_add_head. */
  test('of a driver with several devices the last one is the first, up and down', () => {
    const lab = new Lab();
    const { hotplug } = lab.machine;
    const device = (name: string) => ({ ...lab.state(name), name: 'driver' });
    const gone = device('gone');
    for (const instance of [device('first'), gone, device('second')]) hotplug.addInstance(instance);
    lab.register('later');
    hotplug.removeInstance(gone);
    hotplug.removeInstance(gone);
    expect([lab.down(1), lab.up(1)]).toEqual([
      ['down later', 'down second', 'down first'],
      ['up second', 'up first', 'up later'],
    ]);
  });

  test('a state without a callback is passed over', () => {
    const lab = new Lab();
    lab.machine.hotplug.register({ name: 'silent', place: cpuhpPlace.onlineDyn });
    lab.register('there');
    expect([lab.down(1), lab.up(1)]).toEqual([['down there'], ['up there']]);
  });

  test('what it is already needs nothing', () => {
    const lab = new Lab();
    lab.register('a');
    expect(lab.up(1)).toEqual([]);
    lab.down(1);
    expect(lab.down(1)).toEqual([]);
    expect(lab.log).toEqual(['smpboot: CPU 1 is now offline']);
  });

  test('the last one stays', () => {
    const lab = new Lab({ present: 2 });
    lab.register('a');
    lab.down(0);
    expect(() => lab.down(1)).toThrow(expect.objectContaining({ code: 'EBUSY' }));
    expect(lab.take()).toEqual([]);
    expect([...lab.machine.online]).toEqual([1]);
  });

  test('one that is not present does not come, one that is not possible does not exist', () => {
    const lab = new Lab({ present: 2, possible: 3 });
    lab.register('a');
    expect(() => lab.up(2)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    expect([lab.take(), lab.log, [...lab.machine.online]]).toEqual([[], [], [0, 1]]);
    expect(() => lab.up(3)).toThrow(RangeError);
    expect(() => lab.down(3)).toThrow(RangeError);
    expect(lab.down(2)).toEqual([]);
  });

  test('two at once wait for each other', () => {
    const lab = new Lab();
    lab.register('a', 'b');
    const { hotplug } = lab.machine;
    const first = lab.machine.spawn('down 1', hotplug.cpuDown(1));
    const second = lab.machine.spawn('down 2', hotplug.cpuDown(2));
    lab.machine.elapse(20);
    expect([first.state, second.state, [...lab.machine.online]]).toEqual(['done', 'blocked', [0, 2]]);
    lab.machine.elapse(20);
    expect([second.state, [...lab.machine.online]]).toEqual(['done', [0]]);
  });

  test('waits for those who keep CPUs from coming and going', () => {
    const lab = new Lab();
    const { hotplug } = lab.machine;
    lab.machine.run('reader', hotplug.cpusReadLock());
    const down = lab.machine.spawn('down', hotplug.cpuDown(1));
    lab.machine.settle();
    expect([down.state, lab.machine.cpu(1).online]).toEqual(['blocked', true]);
    lab.machine.run('reader', hotplug.cpusReadUnlock());
    expect([down.state, lab.machine.cpu(1).online]).toEqual(['done', false]);
  });
});

describe('a state that refuses', () => {
  test('to go: those that went before are started again in the order of coming, itself not', () => {
    const lab = new Lab();
    lab.register('a', 'b', 'c', 'd');
    lab.refusing.add('down b');
    expect(() => lab.down(1)).toThrow(new ErrnoError('EBUSY', 'down b of CPU 1 refuses'));
    expect(lab.take()).toEqual(['down d', 'down c', 'down b', 'up c', 'up d']);
    expect([lab.machine.cpu(1).online, [...lab.machine.online], lab.log]).toEqual([true, [0, 1, 2], []]);
    lab.refusing.clear();
    expect(lab.down(1)).toEqual(['down d', 'down c', 'down b', 'down a']);
  });

  test('to come: those that came before go again, and the CPU is offline', () => {
    const lab = new Lab();
    lab.register('a', 'b', 'c', 'd');
    lab.down(1);
    const dying: number[] = [];
    lab.machine.hotplug.registerDying({ dying: (cpu) => void dying.push(cpu.id) });
    lab.refusing.add('up c');
    expect(() => lab.up(1)).toThrow(new ErrnoError('EBUSY', 'up c of CPU 1 refuses'));
    expect(lab.take()).toEqual(['up a', 'up b', 'up c', 'down b', 'down a']);
    expect([lab.machine.cpu(1).online, [...lab.machine.online], dying]).toEqual([false, [0, 2], [1]]);
    lab.refusing.clear();
    expect(lab.up(1)).toEqual(['up a', 'up b', 'up c', 'up d']);
  });

  test('on the way back: the others go on, and the first refusal is told', () => {
    const lab = new Lab();
    lab.register('a', 'b', 'c', 'd');
    lab.refusing.add('down a').add('up c');
    expect(() => lab.down(1)).toThrow('down a of CPU 1 refuses');
    expect(lab.take()).toEqual(['down d', 'down c', 'down b', 'down a', 'up b', 'up c', 'up d']);
    expect(lab.machine.cpu(1).online).toBe(true);
  });

  test('a defect in a callback is no refusal: nothing is undone, and nobody is locked out', () => {
    const lab = new Lab();
    lab.register('a');
    lab.machine.hotplug.register({
      ...lab.state('broken'),
      *teardown(): Procedure<void> {
        throw new TypeError('defect');
      },
    });
    lab.register('c');
    expect(() => lab.down(1)).toThrow(new TypeError('defect'));
    expect(lab.take()).toEqual(['down c']);
    lab.machine.run('reader', lab.machine.hotplug.cpusReadLock());
  });

  test('whatever refuses, a failed change leaves all states as they were', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    fc.assert(
      fc.property(fc.subarray(names), fc.boolean(), (refusing, comes) => {
        const lab = new Lab();
        lab.register(...names);
        if (comes) lab.down(1);
        const started = new Map(names.map((name) => [name, !comes]));
        for (const name of refusing) lab.refusing.add(`${comes ? 'up' : 'down'} ${name}`);
        let failed = false;
        try {
          const { hotplug } = lab.machine;
          lab.machine.run('change', comes ? hotplug.cpuUp(1) : hotplug.cpuDown(1));
        } catch {
          failed = true;
        }
        expect(failed).toBe(refusing.length > 0);
        for (const call of lab.take()) {
          const [way, name] = call.split(' ');
          if (!lab.refusing.has(call)) started.set(name, way === 'up');
        }
        const isUp = comes !== failed;
        expect([...started.values()]).toEqual(names.map(() => isUp));
        expect(lab.machine.online.has(1)).toBe(isUp);
      }),
    );
  });
});

describe('dying callbacks', () => {
  test('come last, with the CPU out of the online mask; one may refuse before anything has changed', () => {
    const lab = new Lab();
    lab.register('a');
    let full = true;
    lab.machine.hotplug.registerDying({
      prepare: (cpu) => {
        lab.calls.push(`prepare ${cpu.id} ${cpu.online}`);
        if (full) throw new ErrnoError('ENOSPC', 'no room');
      },
      dying: (cpu) => void lab.calls.push(`dying ${cpu.id} ${lab.machine.online.has(cpu.id)}`),
    });
    expect(() => lab.down(2)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(lab.take()).toEqual(['down a', 'prepare 2 true', 'up a']);
    expect(lab.machine.cpu(2).online).toBe(true);
    full = false;
    expect(lab.down(2)).toEqual(['down a', 'prepare 2 true', 'dying 2 false']);
  });

  test('an error in one is told, and nobody is locked out', () => {
    const lab = new Lab();
    lab.machine.hotplug.registerDying({
      dying: () => {
        throw new TypeError('defect');
      },
    });
    expect(() => lab.down(1)).toThrow(new TypeError('defect'));
    lab.machine.run('reader', lab.machine.hotplug.cpusReadLock());
  });
});

describe('interrupts and tasklets of a CPU that goes', () => {
  function withVectors(options: Partial<MachineOptions> = {}): Lab {
    const lab = new Lab(options);
    for (const vector of [7, 9]) {
      lab.machine.setVectorHandler(vector, {
        handleInterrupt: (cpu) => void lab.calls.push(`${vector} on ${cpu.id}, online ${cpu.online}`),
      });
    }
    return lab;
  }

  test('an offline CPU takes no interrupt, and none of those times when it comes back', () => {
    const lab = withVectors();
    lab.down(1);
    lab.machine.cpu(1).raise(7);
    expect(lab.take()).toEqual([]);
    lab.up(1);
    expect(lab.take()).toEqual([]);
    expect(lab.machine.cpu(1).isPending(7)).toBe(false);
    lab.machine.cpu(1).raise(9);
    expect(lab.take()).toEqual(['9 on 1, online true']);
  });

  test('a CPU that is offline from the start takes none either', () => {
    const lab = withVectors({ online: [0, 2] });
    lab.machine.cpu(1).raise(7);
    expect(lab.take()).toEqual([]);
    expect(() => lab.machine.cpu(1).localIrqEnable()).toThrow('interrupts of CPU 1 are not disabled');
    lab.up(1);
    lab.machine.cpu(1).raise(9);
    expect(lab.take()).toEqual(['9 on 1, online true']);
  });

  test.each([0, 1000])(
    'those that wait are handled before it is offline (%d ns an interrupt)',
    (interruptNs) => {
      const lab = withVectors({ interruptNs });
      const cpu = lab.machine.cpu(1);
      cpu.localIrqDisable();
      cpu.raise(7);
      cpu.raise(9);
      expect(lab.take()).toEqual([]);
      expect(lab.down(1)).toEqual(['7 on 1, online true', '9 on 1, online true']);
      expect(cpu.online).toBe(false);
      // The interrupts that were off are off still when the CPU comes back.
      lab.up(1);
      cpu.raise(7);
      lab.machine.elapse(5000);
      expect(lab.take()).toEqual([]);
      cpu.localIrqEnable();
      expect(lab.take()).toEqual(['7 on 1, online true']);
    },
  );

  test('tasklets that wait there run on another CPU', () => {
    const lab = new Lab();
    const tasklet = new Tasklet('bh', () => void lab.calls.push(`bh on ${lab.machine.thisCpu}`));
    lab.machine.hotplug.registerDying({ dying: (cpu) => cpu.taskletSchedule(tasklet) });
    expect(lab.down(2)).toEqual(['bh on 0']);
    expect([tasklet.scheduled, lab.machine.cpu(2).inInterrupt]).toEqual([false, false]);
  });
});
