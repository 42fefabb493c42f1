import type { CpuId } from '../lib/brand.js';
import type { Model, World } from '../explore/model.js';
import { IRQ_HANDLED, IRQF_NO_AUTOEN } from '../irq/data/irqaction.js';
import { irqd } from '../irq/data/irqdata.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import type { KernelBehaviour } from '../irq/kernel.js';
import { disableIrqNosyncSteps, enableIrqSteps } from '../irq/management/enable.js';
import { requestIrq } from '../irq/management/request.js';
import { IrqGuest } from '../lab/irq-guest.js';
import { SharedVar } from '../machine/shared-var.js';
import { inFunction, type Procedure, runAtomic, SharedWord } from '../machine/step.js';
import { defineRace } from './race.js';

/** What the driver does while the CPUs of its line go and come. */
type Driver = 'disables' | 'requests' | 'requests-disabled';

/**
 * The CPUs of a managed line go offline, which shuts it down, and come back, which starts it.
 *
 * ```
 * driver                                 CPU hotplug
 * disable_irq: depth 1
 *                                        the last CPU goes: irq_shutdown
 *                                        a CPU comes: irq_startup
 * enable_irq
 * ```
 * Forbidden: the line is enabled while its driver has it disabled; enable_irq then finds nothing to undo.
 */
class ManagedLine {
  readonly guest: IrqGuest;
  readonly desc: IrqDesc;
  /** The last CPU went when the driver had begun and had not ended. */
  wasBetween = false;
  private readonly driverIs = new SharedVar<'before' | 'between' | 'done'>('the driver is', 'before');
  /** What the driver does with its device meanwhile. */
  private readonly device = new SharedWord('registers of the device');

  constructor(
    world: World,
    /** CPUs of the line's affinity, in the order in which they go. */
    private readonly cpus: readonly CpuId[],
    driver: Driver,
    differences: Partial<KernelBehaviour>,
  ) {
    this.guest = new IrqGuest(world, { cpus: 1 + cpus.length + 1, kernel: '6.18', behaviour: differences });
    this.desc = this.guest.line(1, { mask: this.guest.mask(...cpus), managed: true });
    if (driver === 'disables') runAtomic(this.request(0));
    world.task(0, 'driver', driver === 'disables' ? this.disableAndEnable() : this.requestLate(driver));
    world.task(1 + cpus.length, 'CPU hotplug', this.hotplug());
  }

  private request(flags: number): Procedure<number> {
    return requestIrq(this.guest.core, this.desc.irq, () => IRQ_HANDLED, flags, 'device', this);
  }

  private *disableAndEnable(): Procedure<void> {
    const { core } = this.guest;
    yield this.device.update;
    yield* inFunction('disable_irq', disableIrqNosyncSteps(core, this.desc.irq));
    this.driverIs.set('between');
    // Interrupts of the driver's CPU are on here, so that all CPUs can be stopped.
    yield this.device.update;
    yield* inFunction('enable_irq', enableIrqSteps(core, this.desc.irq));
    this.driverIs.set('done');
  }

  private *requestLate(driver: Driver): Procedure<void> {
    const flags = driver === 'requests' ? 0 : IRQF_NO_AUTOEN;
    yield this.device.update;
    this.driverIs.set('between');
    yield* inFunction('request_irq', this.request(flags));
    if (driver === 'requests-disabled') {
      yield this.device.update;
      yield* inFunction('enable_irq', enableIrqSteps(this.guest.core, this.desc.irq));
    }
    this.driverIs.set('done');
  }

  private *hotplug(): Procedure<void> {
    const { hotplug } = this.guest.machine;
    for (const cpu of this.cpus) yield* inFunction('cpu_down', hotplug.cpuDown(cpu));
    this.wasBetween = this.driverIs.get() === 'between';
    for (const cpu of [...this.cpus].reverse()) yield* inFunction('cpu_up', hotplug.cpuUp(cpu));
  }

  describe(): readonly string[] {
    const { data, cold } = this.desc;
    const state = [
      data.has(irqd.IRQ_STARTED) ? 'started' : 'not started',
      data.has(irqd.IRQ_DISABLED) ? 'disabled' : 'enabled',
      ...(data.has(irqd.MANAGED_SHUTDOWN) ? ['managed shutdown'] : []),
    ];
    return [
      `online: ${[...this.guest.machine.online].join(' ')}`,
      `depth ${cold.depth}, ${state.join(', ')}`,
    ];
  }
}

function model(
  differences: Partial<KernelBehaviour>,
  cpus: readonly CpuId[] = [1],
  driver: Driver = 'disables',
): Omit<Model<ManagedLine>, 'name'> {
  return {
    setup: (world) => new ManagedLine(world, cpus, driver, differences),
    finally: {
      'enable_irq has a disable to undo': ({ guest }) => guest.said('Unbalanced enable')[0] ?? true,
      'the line works when its CPUs are back': ({ desc: { data, cold } }) =>
        (data.has(irqd.IRQ_STARTED) && !data.has(irqd.IRQ_DISABLED) && cold.depth === 0) ||
        `the line is left with depth ${cold.depth}`,
    },
    sometimes: {
      'its last CPU goes in the middle of what the driver does': ({ wasBetween }) => wasBetween,
      'its last CPU goes before or after': ({ wasBetween }) => !wasBetween,
    },
    describe: (race) => race.describe(),
  };
}

const unbalanced = 'Unbalanced enable for IRQ';

export const managedShutdown = defineRace({
  id: 'managed-shutdown',
  source:
    'Brian Norris, "genirq: Retain disable depth for managed interrupts across CPU hotplug", May 2025 (788019eb559f), and "genirq/cpuhotplug: Rebalance managed interrupts across multi-CPU hotplug", June 2025 (2b32fc8ff08d)',
  property:
    'a managed line stays disabled for its driver while its CPUs go and come, and works when they are back',
  variants: {
    'depth-forgotten': {
      summary:
        'irq_shutdown sets the depth to 1 and irq_startup to 0, whatever the driver has done: before 6.16',
      expected: 'found',
      message: unbalanced,
      model: () => model({ managedKeepsDisableDepth: false }),
    },
    'depth-kept-each-cpu': {
      summary: 'the depth is kept, but each CPU that comes back undoes one disable: the first fix; two CPUs',
      expected: 'found',
      message: unbalanced,
      model: () => model({ managedRestartsOnce: false }, [1, 2]),
    },
    'depth-kept': {
      summary: 'the depth is kept, and a shutdown undone once: since 6.16; two CPUs',
      expected: 'none',
      model: () => model({}, [1, 2]),
    },
    request: {
      summary: 'the same; the driver requests the line meanwhile',
      expected: 'none',
      model: () => model({}, [1], 'requests'),
    },
    'request-no-autoen': {
      summary:
        'the same with IRQF_NO_AUTOEN: no shutdown came before, but the line is marked as if from the start',
      expected: 'found',
      message: unbalanced,
      model: () => model({}, [1], 'requests-disabled'),
    },
  },
});
