import { expect, test } from '@jest/globals';
import { check } from '../../src/explore/explore.js';
import type { Model, World } from '../../src/explore/model.js';
import * as irq from '../../src/irq/index.js';
import type { IrqCore } from '../../src/irq/core.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import { Machine } from '../../src/machine/machine.js';
import { MemoryWord } from '../../src/machine/memory.js';
import { type Procedure, runAtomic } from '../../src/machine/step.js';

// Functions of the interrupt layer that run in one go, in contexts of an explorer: the reduction must know that they
// are about the same line, or it takes one order for all.

interface Line {
  readonly core: IrqCore;
  readonly irq: number;
  handled: number;
  seen: number;
}

type Act = (line: Line) => Procedure<unknown>;

function* inOneGo(act: () => unknown): Procedure<void> {
  // What comes before the act must not be all that an explorer knows of the context.
  yield new MemoryWord('something else').write;
  act();
}

function lineIn(world: World): Line {
  const machine = new Machine({ present: 2 });
  const core = irq.earlyIrqInit(machine);
  const number = irq.allocDescs(core, -1, 40, 1);
  const line: Line = { core, irq: number, handled: 0, seen: -1 };
  const chip = {
    name: 'gpio',
    irqMask() {},
    irqUnmask() {},
    irqAck() {},
    irqSetAffinity: () => irq.IRQ_SET_MASK_OK,
  };
  irq.irqSetChipAndHandler(core, number, chip, irq.handleSimpleIrq, null);
  const handler = (): number => {
    line.handled += 1;
    return irq.IRQ_HANDLED;
  };
  runAtomic(irq.requestIrq(core, number, handler, irq.IRQF_SHARED, 'dev', line));
  world.attach(machine);
  return line;
}

/** An event on CPU 1 and another act on CPU 0; `isFirst` holds in one order only. */
function model(act: Act, isFirst: (line: Line) => boolean): Model<Line> {
  return {
    name: 'an event and another act',
    setup(world): Line {
      const line = lineIn(world);
      const { core, irq: number } = line;
      world.interrupt(1, 'device', () => inOneGo(() => irq.genericHandleIrq(core, number))).raise();
      world.task(0, 'driver', act(line));
      return line;
    },
    finally: { 'the act came first': (line) => isFirst(line) || 'the event came first' },
  };
}

const acts: Readonly<Record<string, readonly [Act, (line: Line) => boolean]>> = {
  free_irq: [(line) => irq.freeIrq(line.core, line.irq, line), ({ handled }) => handled === 0],
  disable_irq_nosync: [
    (line) => inOneGo(() => irq.disableIrqNosync(line.core, line.irq)),
    ({ handled }) => handled === 0,
  ],
  irq_has_action: [
    (line) =>
      inOneGo(() => {
        line.seen = irq.irqHasAction(line.core, line.irq) ? line.handled : -1;
      }),
    ({ seen }) => seen === 0,
  ],
  irq_to_desc: [
    (line) =>
      inOneGo(() => {
        line.seen = line.core.desc(line.irq)?.totCount ?? -1;
      }),
    ({ seen }) => seen === 0,
  ],
  irq_set_handler: [
    (line) => inOneGo(() => irq.irqSetHandler(line.core, line.irq, () => {}, false, null)),
    ({ handled }) => handled === 0,
  ],
  irq_set_status_flags: [
    (line) =>
      inOneGo(() => {
        irq.irqSetStatusFlags(line.core, line.irq, irq.irqStatus.NO_DEBUG);
        line.seen = line.handled;
      }),
    ({ seen }) => seen === 0,
  ],
  irq_set_affinity: [
    (line) =>
      inOneGo(() => {
        irq.irqSetAffinity(line.core, line.irq, CpuMask.of(2, [0]));
        line.seen = line.handled;
      }),
    ({ seen }) => seen === 0,
  ],
  generic_handle_irq: [
    (line) =>
      inOneGo(() => {
        line.seen = line.handled;
        irq.genericHandleIrq(line.core, line.irq);
      }),
    ({ seen }) => seen === 0,
  ],
};

test.each(Object.entries(acts))('%s against an event: both orders are looked at', (_name, [act, isFirst]) => {
  for (const kind of ['dfs', 'dpor'] as const) {
    const { verdict } = check(model(act, isFirst), { strategy: { kind } });
    expect({ kind, verdict }).toEqual({ kind, verdict: 'found' });
  }
});
