import type { Cpu } from './cpu.js';
import type { HotplugState } from './hotplug-state.js';
import type { HotplugTrace } from './hotplug-trace.js';
import type { Procedure } from './step.js';

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
    private readonly trace: HotplugTrace,
  ) {}

  add(instance: HotplugState): void {
    this.instances.unshift(instance);
  }

  remove(instance: HotplugState): void {
    const at = this.instances.indexOf(instance);
    if (at >= 0) this.instances.splice(at, 1);
  }

  *startup(cpu: Cpu): Procedure<void> {
    for (const instance of [...this.instances])
      if (instance.startup)
        yield* this.trace.callback(cpu, this, true, instance.startup(cpu), instance.functions, true);
  }

  *teardown(cpu: Cpu): Procedure<void> {
    for (const instance of [...this.instances])
      if (instance.teardown)
        yield* this.trace.callback(cpu, this, false, instance.teardown(cpu), instance.functions, true);
  }

  *dead(cpu: Cpu): Procedure<void> {
    for (const instance of [...this.instances]) if (instance.dead) yield* instance.dead(cpu);
  }
}
