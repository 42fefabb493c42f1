import type { Model, World } from '../explore/model.js';
import { IRQ_HANDLED, IRQF_SHARED } from '../irq/data/irqaction.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import { requestIrq } from '../irq/management/request.js';
import { IrqGuest } from '../lab/irq-guest.js';
import { inFunction } from '../machine/step.js';
import { ProcIrq } from '../view/proc/irq.js';
import { defineRace } from './race.js';

const NAMES = ['eth0', 'eth1'];

/**
 * Two drivers request the same line, which has no directory in /proc/irq yet.
 *
 * ```
 * request_irq on CPU 0                   request_irq on CPU 1
 * desc->dir is NULL                      desc->dir is NULL
 * proc_mkdir("24")                       proc_mkdir("24"): there is one
 * desc->dir = the directory              desc->dir = NULL
 * ```
 * Forbidden: the directory is made twice. procfs warns of the second, and the line loses the first.
 */
class TwoRequests {
  readonly guest: IrqGuest;
  readonly desc: IrqDesc;
  readonly proc: ProcIrq;

  constructor(world: World, registersProcUnderMutex: boolean) {
    this.guest = new IrqGuest(world, { behaviour: { registersProcUnderMutex } });
    const { core } = this.guest;
    this.proc = new ProcIrq(core);
    this.desc = this.guest.line(1);
    for (const [cpu, name] of NAMES.entries()) {
      const request = requestIrq(core, this.desc.irq, () => IRQ_HANDLED, IRQF_SHARED, name, name);
      world.task(cpu, `probe of ${name}`, inFunction('request_irq', request));
    }
  }

  /** Names of the drivers' directories below the line's. */
  get handlers(): readonly string[] {
    const directory = this.proc.lookup(String(this.desc.irq));
    if (directory?.kind !== 'directory') return [];
    return [...directory.list()].filter((name) => NAMES.includes(name));
  }
}

function model(registersProcUnderMutex: boolean): Omit<Model<TwoRequests>, 'name'> {
  return {
    setup: (world) => new TwoRequests(world, registersProcUnderMutex),
    finally: {
      'the directory is made once': ({ guest }) => guest.said('already registered')[0] ?? true,
      'each driver has a directory in it': ({ handlers }) =>
        handlers.length === NAMES.length || `directories of ${handlers.join(' and ') || 'nobody'} only`,
    },
    sometimes: {
      'the second driver came first': ({ desc }) => desc.action?.name === NAMES[1],
    },
    describe: ({ handlers, desc }) => [
      `actions: ${[...desc.actions()].map(({ name }) => name).join(' ')}`,
      `directories: ${handlers.join(' ')}`,
    ],
  };
}

export const registerIrqProc = defineRace({
  id: 'register-irq-proc',
  source: 'Ben Hutchings, "genirq: Fix race in register_irq_proc()", September 2015 (95c2b1753465)',
  property: 'the directory of a shared line is made once, and each driver has its own in it',
  variants: {
    'look-then-make': {
      summary: 'no lock between looking for the directory and making it: before 4.3',
      expected: 'found',
      message: "proc_dir_entry 'irq/24' already registered",
      model: () => model(false),
    },
    'register-lock': {
      summary: 'both under register_lock: since 4.3',
      expected: 'none',
      model: () => model(true),
    },
  },
});
