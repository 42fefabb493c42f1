import { expect, test } from '@jest/globals';
import { check } from '../../../src/explore/explore.js';
import type { Model, World } from '../../../src/explore/model.js';
import type { Report } from '../../../src/explore/report/report.js';
import * as irq from '../../../src/irq/index.js';
import { IrqGuest } from '../../../src/lab/irq-guest.js';
import { type Procedure, runAtomic, SharedWord } from '../../../src/machine/step.js';
import { ProcIrq } from '../../../src/view/proc/irq.js';
import { isLong } from '../../support/long.js';

// Each pair of acts that touch the same mapping, descriptor, resend or CPU: reduction must come to the outcomes that a
// search without it comes to.

const HWIRQ = 3;

class Shared {
  readonly guest: IrqGuest;
  readonly desc: irq.IrqDesc;
  readonly proc: ProcIrq;
  readonly results: Record<string, unknown> = {};
  handled = 0;

  constructor(world: World) {
    this.guest = new IrqGuest(world, { cpus: 3, kernel: '6.18' });
    const { core } = this.guest;
    this.proc = new ProcIrq(core);
    this.desc = this.guest.line(HWIRQ, { mask: this.guest.mask(2), managed: true });
    const handler = (): number => {
      this.handled += 1;
      return irq.IRQ_HANDLED;
    };
    runAtomic(irq.requestIrq(core, this.desc.irq, handler, irq.IRQF_SHARED, 'dev', this));
  }

  look(): string {
    const { core, domain, machine } = this.guest;
    return JSON.stringify({
      results: Object.entries(this.results).sort(),
      handled: this.handled,
      lines: [...core.descs()].map(({ irq: number, state, istate, cold, action, totCount }) => [
        number,
        state,
        istate,
        cold.depth,
        action?.name,
        totCount,
      ]),
      mapped: [HWIRQ, HWIRQ + 1].map((hwirq) => irq.irqFindMapping(domain, hwirq)),
      mapcount: domain.mapcount,
      online: [...machine.online],
      effective: [...this.desc.data.effectiveAffinity],
      proc: [...this.proc.list()],
      log: machine.log.lines.map(({ text }) => text).sort(),
    });
  }
}

type Act = (shared: Shared) => Procedure<unknown>;

/** The act with a step before it, so that the explorer does not take it for the beginning of the world. */
function* begun(act: Procedure<unknown>): Procedure<unknown> {
  yield new SharedWord('something else').update;
  return yield* act;
}

const acts: Readonly<Record<string, Act>> = {
  create: ({ guest }) => irq.irqCreateMappingSteps(guest.domain, HWIRQ + 1),
  'create the same': ({ guest }) => irq.irqCreateMappingSteps(guest.domain, HWIRQ),
  find: ({ guest }) => irq.irqFindMappingSteps(guest.domain, HWIRQ),
  dispose: ({ guest, desc }) => irq.irqDisposeMappingSteps(guest.core, desc.irq),
  'free and dispose': function* (shared) {
    const { guest, desc } = shared;
    yield* irq.freeIrq(guest.core, desc.irq, shared);
    yield* irq.irqDisposeMappingSteps(guest.core, desc.irq);
  },
  'free descriptors': ({ guest, desc }) => irq.freeDescsSteps(guest.core, desc.irq, 1),
  'allocate a descriptor': ({ guest, desc }) => irq.allocDescsSteps(guest.core, desc.irq, desc.irq, 1),
  inject: ({ guest, desc }) => irq.irqInjectInterruptSteps(guest.core, desc.irq),
  event: ({ desc }) => irq.genericHandleIrqDescSteps(desc),
  request: ({ guest, desc }) =>
    irq.requestIrq(guest.core, desc.irq, () => irq.IRQ_HANDLED, irq.IRQF_SHARED, 'other', guest),
  disable: ({ guest, desc }) => irq.disableIrqNosyncSteps(guest.core, desc.irq),
  'CPU 2 goes': ({ guest }) => guest.machine.hotplug.cpuDown(2),
  'disable and enable': function* ({ guest, desc }) {
    yield* irq.disableIrqNosyncSteps(guest.core, desc.irq);
    yield new SharedWord('what the driver does').update;
    yield* irq.enableIrqSteps(guest.core, desc.irq);
  },
  'CPU 2 goes and comes': function* ({ guest }) {
    yield* guest.machine.hotplug.cpuDown(2);
    yield* guest.machine.hotplug.cpuUp(2);
  },
  affinity: ({ guest, desc }) => irq.irqSetAffinitySteps(guest.core, desc.irq, guest.mask(0, 2)),
};

function model(one: string, other: string): Model<Shared> {
  return {
    name: `${one} and ${other}`,
    setup(world) {
      const shared = new Shared(world);
      for (const [cpu, name] of [one, other].entries()) {
        const note = function* (): Procedure<void> {
          shared.results[`${cpu} ${name}`] = (yield* begun(acts[name](shared))) ?? null;
        };
        world.task(cpu, name, note());
      }
      return shared;
    },
    outcome: (shared) => shared.look(),
  };
}

const pairs: readonly (readonly [string, string])[] = [
  ['create', 'create'],
  ['create', 'create the same'],
  ['create the same', 'dispose'],
  ['find', 'dispose'],
  ['create', 'allocate a descriptor'],
  ['free descriptors', 'allocate a descriptor'],
  ['find', 'create'],
  ['inject', 'event'],
  ['inject', 'inject'],
  ['inject', 'disable'],
  ['event', 'dispose'],
  ['event', 'free and dispose'],
  ['create the same', 'free and dispose'],
  ['request', 'request'],
  ['request', 'CPU 2 goes'],
  ['disable', 'CPU 2 goes'],
  ['affinity', 'CPU 2 goes'],
  ['create', 'CPU 2 goes'],
  ['inject', 'CPU 2 goes'],
  ['CPU 2 goes', 'CPU 2 goes'],
  ['CPU 2 goes', 'CPU 2 goes and comes'],
  ['disable and enable', 'CPU 2 goes and comes'],
  ['inject', 'CPU 2 goes and comes'],
  ['event', 'CPU 2 goes and comes'],
  ['affinity', 'CPU 2 goes and comes'],
];

function outcomesOf({ outcomes = [] }: Report): readonly string[] {
  return outcomes.map(({ outcome }) => String(outcome)).sort();
}

/** Of a search without reduction, which with the longer pairs does not come to its end. */
const maxExecutions = isLong ? 10_000 : 500;

test.each(pairs)('%s and %s: reduction misses no outcome', (one, other) => {
  const plain = check(model(one, other), { strategy: { kind: 'dfs' }, maxExecutions });
  const reduced = check(model(one, other), { strategy: { kind: 'dpor' } });
  expect(reduced.complete).toBe(true);
  expect(reduced.violations).toEqual([]);
  const all = outcomesOf(reduced);
  expect(all.length).toBeGreaterThan(0);
  for (const outcome of outcomesOf(plain)) expect(all).toContain(outcome);
  if (plain.complete) expect(outcomesOf(plain)).toEqual(all);
});
