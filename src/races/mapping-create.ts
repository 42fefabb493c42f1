import type { Hwirq, Irq } from '../lib/brand.js';
import type { Model, World } from '../explore/model.js';
import { irqCreateMappingSteps, irqDisposeMappingSteps } from '../irq/mapping/irqdomain.js';
import { irqFindMapping } from '../irq/data/revmap.js';
import { IrqGuest } from '../lab/irq-guest.js';
import { inFunction, type Procedure } from '../machine/step.js';
import { anyState, defineRace } from './race.js';

const HWIRQ: Hwirq = 5;

/**
 * Two devices share an interrupt, and their drivers' probes run at the same time.
 *
 * ```
 * probe on CPU 0                         probe on CPU 1
 * irq_find_mapping: none                 irq_find_mapping: none
 * irq_alloc_descs: 24                    irq_alloc_descs: 25
 * associates 24 with the hwirq           associates 25 with the hwirq
 * request_irq(24)                        request_irq(25)
 * ```
 * Forbidden: the drivers have two lines, of which the interrupt controller's look-up finds only one.
 */
class SharedHwirq {
  readonly guest: IrqGuest;
  readonly irqs: Irq[] = [0, 0];

  constructor(world: World, mapsUnderMutex: boolean) {
    this.guest = new IrqGuest(world, { behaviour: { mapsUnderMutex } });
    for (const cpu of [0, 1]) world.task(cpu, `probe of device ${cpu}`, this.probe(cpu));
  }

  private *probe(device: number): Procedure<void> {
    const { domain } = this.guest;
    this.irqs[device] = yield* inFunction('irq_create_mapping', irqCreateMappingSteps(domain, HWIRQ));
  }

  verdict(): true | string {
    const [first, second] = this.irqs;
    if (first === second) return true;
    return `hwirq ${HWIRQ} has IRQ ${first} and IRQ ${second}; its interrupts come to IRQ ${irqFindMapping(this.guest.domain, HWIRQ)} only`;
  }
}

function model(mapsUnderMutex: boolean): Omit<Model<SharedHwirq>, 'name'> {
  return {
    setup: (world) => new SharedHwirq(world, mapsUnderMutex),
    finally: {
      'a hwirq has one line': (race) => race.verdict(),
    },
    sometimes: {
      'one probe found the mapping of the other': ({ irqs: [first, second] }) => first === second,
    },
    describe: ({ irqs, guest: { core } }) => [
      `descriptors: ${[...core.descs()].map(({ irq }) => irq).join(' ')}`,
      `probes: ${irqs.join(' ')}`,
    ],
  };
}

/** A driver gives its mapping back while another one makes it: as if one after the other. */
class GivenBack {
  readonly guest: IrqGuest;
  made: Irq = 0;

  constructor(world: World) {
    this.guest = new IrqGuest(world);
    const { irq } = this.guest.line(HWIRQ);
    world.task(0, 'remove', inFunction('irq_dispose_mapping', irqDisposeMappingSteps(this.guest.core, irq)));
    world.task(1, 'probe', this.probe());
  }

  private *probe(): Procedure<void> {
    const { domain } = this.guest;
    this.made = yield* inFunction('irq_create_mapping', irqCreateMappingSteps(domain, HWIRQ));
  }
}

function disposing(): Omit<Model<GivenBack>, 'name'> {
  return {
    setup: (world) => new GivenBack(world),
    finally: {
      'the reverse map and the descriptors agree': ({ guest: { core, domain } }) => {
        const irq = irqFindMapping(domain, HWIRQ);
        const isThere = core.desc(irq) !== undefined;
        return isThere === (irq !== 0) || `the reverse map has IRQ ${irq}, which is gone`;
      },
    },
    sometimes: {
      'the mapping was made anew': ({ guest: { domain } }) => irqFindMapping(domain, HWIRQ) !== 0,
      'the mapping found went away': ({ made, guest: { core } }) => core.desc(made) === undefined,
    },
  };
}

export const mappingCreate = defineRace<unknown>({
  id: 'mapping-create',
  source: 'Johan Hovold, "irqdomain: Fix mapping-creation race", February 2023 (601363cc08da)',
  property: 'a hwirq has one line, whoever asks for it at the same time',
  variants: {
    'find-then-create': {
      summary: 'the look for a mapping and the making of one are not one: before 6.3',
      expected: 'found',
      message: 'hwirq 5 has IRQ 2',
      model: () => anyState(model(false)),
    },
    mutex: {
      summary: 'both under the domain’s mutex: since 6.3',
      expected: 'none',
      model: () => anyState(model(true)),
    },
    'mutex-dispose': {
      summary: 'the same, while another driver disposes the mapping',
      expected: 'none',
      model: () => anyState(disposing()),
    },
  },
});
