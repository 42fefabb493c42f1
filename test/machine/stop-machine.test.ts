import { expect, test } from '@jest/globals';
import { check } from '../../src/explore/explore.js';
import type { Model } from '../../src/explore/model.js';
import { Machine } from '../../src/machine/machine.js';
import { inFunction, type Procedure, SharedWord } from '../../src/machine/step.js';
import { Tasklet } from '../../src/machine/tasklet.js';

interface State {
  readonly machine: Machine;
  /** What the CPUs were in the middle of when all were stopped. */
  readonly seen: Set<string>;
  ran: number;
}

/** CPU 0 takes CPU 1 offline, while something goes on there and on CPU 2. */
function model(busy: (state: State) => Procedure<void>, cpu: number): Model<State> {
  return {
    name: 'stop_machine',
    setup(world) {
      const machine = new Machine({ present: 3 });
      const state: State = { machine, seen: new Set(), ran: -1 };
      world.attach(machine);
      machine.hotplug.registerDying({
        dying: () =>
          state.seen.add(machine.cpus.some((other) => other.irqsDisabled && other.online) ? 'off' : 'on'),
      });
      world.task(0, 'hotplug', inFunction('cpu_down', machine.hotplug.cpuDown(1)));
      world.task(cpu, 'busy', busy(state));
      return state;
    },
    outcome: ({ seen, ran }) => `${[...seen].join()} ${ran}`,
  };
}

function outcomes(busy: (state: State) => Procedure<void>, cpu: number): string[] {
  const found = (['dfs', 'dpor'] as const).map((kind) => {
    const { verdict, outcomes = [] } = check(model(busy, cpu), { strategy: { kind } });
    expect(verdict).toBe('none');
    return outcomes.map(({ outcome }) => String(outcome)).sort();
  });
  expect(found[1]).toEqual(found[0]);
  return found[0];
}

test('waits until no CPU keeps interrupts off', () => {
  const busy = function* ({ machine }: State): Procedure<void> {
    const word = new SharedWord('something');
    yield word.update;
    machine.cpu(2).localIrqDisable();
    yield word.update;
    machine.cpu(2).localIrqEnable();
    yield word.update;
  };
  expect(outcomes(busy, 2)).toEqual(['on -1']);
});

test('who looks at the online mask sees it before or after', () => {
  const busy = function* (state: State): Procedure<void> {
    yield new SharedWord('something').update;
    state.ran = state.machine.online.weight;
  };
  expect(outcomes(busy, 2)).toEqual(['on 2', 'on 3']);
});

test('a tasklet of the CPU that goes runs there before, or elsewhere', () => {
  const busy = function* (state: State): Procedure<void> {
    const { machine } = state;
    yield new SharedWord('something').update;
    const tasklet = new Tasklet('work', () => {
      state.ran = machine.thisCpu;
    });
    if (machine.online.has(1)) machine.cpu(1).taskletSchedule(tasklet);
  };
  expect(outcomes(busy, 2)).toEqual(['on -1', 'on 0', 'on 1']);
});
