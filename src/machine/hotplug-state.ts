import type { Cpu } from './cpu.js';
import type { Procedure } from './step.js';

/** Callbacks for CPUs that come and go (cpuhp_setup_state). They may sleep; throwing ErrnoError refuses. */
export interface HotplugState {
  readonly name: string;
  readonly place: number;
  startup?(cpu: Cpu): Procedure<void>;
  teardown?(cpu: Cpu): Procedure<void>;
  /** The CPU is offline; there is no way back (a CPUHP_…_DEAD state, which another CPU runs). */
  dead?(cpu: Cpu): Procedure<void>;
}

/**
 * A state of CPU hotplug that a driver has once for all its devices: each is an instance of it (cpuhp_setup_state_multi).
 * Whatever the direction, the device that came last is asked first (kernel/cpu.c cpuhp_invoke_callback goes along a list
 * that __cpuhp_state_add_instance_cpuslocked adds to at its head).
 */
export class HotplugInstances implements HotplugState {
  private readonly instances: HotplugState[] = [];

  constructor(
    readonly name: string,
    readonly place: number,
  ) {}

  add(instance: HotplugState): void {
    this.instances.unshift(instance);
  }

  remove(instance: HotplugState): void {
    const at = this.instances.indexOf(instance);
    if (at >= 0) this.instances.splice(at, 1);
  }

  *startup(cpu: Cpu): Procedure<void> {
    for (const instance of [...this.instances]) if (instance.startup) yield* instance.startup(cpu);
  }

  *teardown(cpu: Cpu): Procedure<void> {
    for (const instance of [...this.instances]) if (instance.teardown) yield* instance.teardown(cpu);
  }

  *dead(cpu: Cpu): Procedure<void> {
    for (const instance of [...this.instances]) if (instance.dead) yield* instance.dead(cpu);
  }
}
