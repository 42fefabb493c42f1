import type { CpuId } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { Cpu } from './cpu.js';
import type { CpuMask } from './cpumask.js';
import type { KernelLog } from './log.js';
import { RwSemaphore } from './rw-semaphore.js';
import { type Procedure, SharedWord } from './step.js';
import type { Topology } from './topology.js';

/**
 * Where a state stands in the order of bringing a CPU up (enum cpuhp_state, as far as modelled); taking it down goes
 * the other way. Several states may share a place: they keep the order of their registration.
 */
export const cpuhpPlace = {
  /** CPUHP_AP_IRQ_AFFINITY_ONLINE: interrupts may come to the new CPU. */
  irqAffinityOnline: 10,
  /** CPUHP_AP_HYPERV_ONLINE: the VMBus synic of the CPU. */
  hypervOnline: 20,
  /** CPUHP_AP_ONLINE_DYN: whoever registers without a place of its own. */
  onlineDyn: 30,
} as const;

/** Callbacks for CPUs that come and go (cpuhp_setup_state). They may sleep; throwing ErrnoError refuses. */
export interface HotplugState {
  readonly name: string;
  readonly place: number;
  startup?(cpu: Cpu): Procedure<void>;
  teardown?(cpu: Cpu): Procedure<void>;
}

/** Called with all CPUs stopped, when a CPU has just been taken out of the online mask (take_cpu_down). */
export interface DyingCallback {
  /** May refuse before anything changed: throws ErrnoError. */
  prepare?(cpu: Cpu): void;
  dying(cpu: Cpu): void;
}

/** The CPUs that come and go. */
export interface HotplugMachine {
  readonly cpus: readonly Cpu[];
  readonly present: CpuMask;
  readonly online: CpuMask;
  readonly topology: Topology;
  readonly log: KernelLog;
  /** The CPU with number `id`. @throws RangeError if there is none. */
  cpu(id: CpuId): Cpu;
}

/** CPU hotplug (kernel/cpu.c): brings CPUs up and down through the registered states. */
export class CpuHotplug {
  private readonly states: HotplugState[] = [];
  private readonly dyingCallbacks: DyingCallback[] = [];
  /** Names the online mask in steps. */
  readonly onlineWord = new SharedWord('cpu_online_mask');
  private readonly lock = new RwSemaphore('cpu_hotplug_lock');
  /** The log says so when CPUs come and go, in x86's words; other architectures' words are not modelled. */
  announcesCpus = true;
  /** Older kernels take each coming of CPU 1 for the boot (arch/x86/kernel/smpboot.c announce_cpu). */
  announcesSmpBoot = false;

  constructor(private readonly machine: HotplugMachine) {}

  /** Adds a state. Its startup is not called for CPUs that are online already (cpuhp_setup_state_nocalls). */
  register(state: HotplugState): void {
    let at = this.states.length;
    while (at > 0 && this.states[at - 1].place > state.place) at -= 1;
    this.states.splice(at, 0, state);
  }

  unregister(state: HotplugState): void {
    const at = this.states.indexOf(state);
    if (at >= 0) this.states.splice(at, 1);
  }

  registerDying(callback: DyingCallback): void {
    this.dyingCallbacks.push(callback);
  }

  /** Keeps CPUs from coming and going (cpus_read_lock). */
  cpusReadLock(): Procedure<void> {
    return this.lock.readLock();
  }

  cpusReadUnlock(): Procedure<void> {
    return this.lock.readUnlock();
  }

  /**
   * Takes a CPU offline (cpu_device_down). Taking an offline CPU down again does nothing.
   *
   * @throws ErrnoError EBUSY for the last online CPU, or what a state's teardown refuses with; then everything is as
   *   it was before.
   */
  *cpuDown(id: CpuId): Procedure<void> {
    const cpu = this.machine.cpu(id);
    yield* this.lock.writeLock();
    try {
      if (!cpu.online) return;
      if (this.machine.online.weight === 1) {
        throw new ErrnoError('EBUSY', `CPU ${id} is the last one online; bring another one online first`);
      }
      yield* this.tearDown(cpu);
    } finally {
      yield* this.lock.writeUnlock();
    }
  }

  /**
   * Brings a present CPU online (cpu_device_up). Bringing an online CPU up again does nothing.
   *
   * @throws ErrnoError EINVAL for a CPU that is not present, or what a state's startup refuses with; then the CPU is
   *   offline again.
   */
  *cpuUp(id: CpuId): Procedure<void> {
    const cpu = this.machine.cpu(id);
    yield* this.lock.writeLock();
    try {
      if (cpu.online) return;
      if (!this.machine.present.has(id)) {
        throw new ErrnoError('EINVAL', `CPU ${id} is not present; the machine has no such CPU plugged in`);
      }
      const { log, topology } = this.machine;
      if (this.announcesCpus) {
        if (id === 1 && this.announcesSmpBoot) log.printk('x86: Booting SMP configuration:');
        log.printk(`smpboot: Booting Node ${topology.node[id]} Processor ${id} APIC 0x${id.toString(16)}`);
      }
      this.onlineWord.announce();
      cpu.goOnline();
      this.machine.online.set(id);
      yield* this.startUp(cpu);
    } finally {
      yield* this.lock.writeUnlock();
    }
  }

  private *startUp(cpu: Cpu): Procedure<void> {
    const done: HotplugState[] = [];
    try {
      for (const state of [...this.states]) {
        if (state.startup) yield* state.startup(cpu);
        done.push(state);
      }
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      for (const state of done.reverse()) yield* rollBack(state.teardown?.(cpu));
      this.takeDown(cpu);
      throw error;
    }
  }

  private *tearDown(cpu: Cpu): Procedure<void> {
    const down = [...this.states].reverse();
    const done: HotplugState[] = [];
    try {
      for (const state of down) {
        if (state.teardown) yield* state.teardown(cpu);
        done.push(state);
      }
      for (const callback of this.dyingCallbacks) callback.prepare?.(cpu);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      for (const state of done.reverse()) yield* rollBack(state.startup?.(cpu));
      throw error;
    }
    this.takeDown(cpu);
  }

  /** take_cpu_down and what follows it: from here on there is no way back. */
  private takeDown(cpu: Cpu): void {
    this.onlineWord.announce();
    cpu.goOffline();
    this.machine.online.clear(cpu.id);
    for (const callback of this.dyingCallbacks) callback.dying(cpu);
    cpu.moveTaskletsTo(this.machine.cpus[this.machine.online.first()]);
    if (this.announcesCpus) this.machine.log.printk(`smpboot: CPU ${cpu.id} is now offline`);
  }
}

/** Undoes one state; there one must not fail, so a refusal changes nothing (cpuhp_invoke_callback_range_nofail). */
function* rollBack(callback: Procedure<void> | undefined): Procedure<void> {
  try {
    if (callback !== undefined) yield* callback;
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
  }
}
