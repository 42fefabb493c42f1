import type { CpuId } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { Cpu } from './cpu.js';
import type { CpuMask } from './cpumask.js';
import { type CpuhpKernel, StateNumbers } from './cpuhp-states.js';
import { HotplugInstances } from './hotplug-instances.js';
import type { HotplugState } from './hotplug-state.js';
import { HotplugTrace } from './hotplug-trace.js';
import type { KernelLog } from './log.js';
import { PercpuRwSem } from './percpu-rwsem.js';
import type { Procedure } from './step.js';
import type { StopMachine } from './stop-machine.js';
import type { TracePort } from '../trace/port.js';
import type { Topology } from './topology.js';

/**
 * Where a state stands in the order of bringing a CPU up (enum cpuhp_state, as far as modelled); taking it down goes
 * the other way. Several states may share a place: they keep the order of their registration.
 */
export const cpuhpPlace = {
  /** The states up to CPUHP_AP_ONLINE: what a CPU does for itself before anything may come to it. */
  starting: 0,
  /** CPUHP_AP_IRQ_AFFINITY_ONLINE: interrupts may come to the new CPU. */
  irqAffinityOnline: 10,
  /** CPUHP_AP_ONLINE_DYN: whoever registers without a place of its own, such as VMBus. */
  onlineDyn: 30,
} as const;

/** Whether the second threads of cores are in use (enum cpuhp_smt_control); forceoff: nothing changes that. */
export type SmtControl = 'on' | 'off' | 'forceoff';

/** Called with all CPUs stopped, when a CPU has just been taken out of the online mask (take_cpu_down). */
export interface DyingCallback {
  /** May refuse before anything changed: throws ErrnoError. */
  prepare?(cpu: Cpu): void;
  dying(cpu: Cpu): void;
}

/** What must stand still while a CPU comes or goes, such as the list of interrupts (takedown_cpu, cpuhp_bringup_ap). */
export interface HeldWhileChanging {
  hold(): Procedure<void>;
  letGo(): Procedure<void>;
}

/** The architecture's words in the log for CPUs that come and go. */
export interface HotplugWords {
  coming(cpu: CpuId): readonly string[];
  gone(cpu: CpuId): readonly string[];
}

/** The CPUs that come and go. */
export interface HotplugMachine {
  readonly cpus: readonly Cpu[];
  readonly present: CpuMask;
  readonly online: CpuMask;
  readonly topology: Topology;
  readonly log: KernelLog;
  readonly stopMachine: StopMachine;
  readonly tracePort: TracePort | undefined;
  /** The CPU that the running context runs on. */
  thisCpu: CpuId;
  /** The CPU with number `id`. @throws RangeError if there is none. */
  cpu(id: CpuId): Cpu;
}

/**
 * CPU hotplug (kernel/cpu.c): brings CPUs up and down through the registered states.
 *
 * ```
 * cpu_device_down                        whoever gives something to a CPU
 * cpus_write_lock                        cpus_read_lock
 * teardown of each state                 is the CPU online?
 * stop_machine: out of the online mask,  it is given
 *   what is there moves away             cpus_read_unlock
 * cpus_write_unlock
 * ```
 * Forbidden: something is left on a CPU that is offline.
 */
export class CpuHotplug {
  private readonly states: HotplugState[] = [];
  /** States of drivers with several devices, by name. */
  private readonly multi = new Map<string, HotplugInstances>();
  private readonly dyingCallbacks: DyingCallback[] = [];
  private readonly startingCallbacks: ((cpu: Cpu) => void)[] = [];
  private readonly held: HeldWhileChanging[] = [];
  private readonly lock = new PercpuRwSem('cpu_hotplug_lock');
  /** By CPU, the state that is to fail when it comes to it (cpuhp_cpu_state.fail). */
  private readonly toFail = new Map<CpuId, HotplugState>();
  private smt: SmtControl = 'on';
  /** How often disabled and not enabled again (cpu_hotplug_disabled). */
  private disabled = 0;
  /** Whose numbers the states have (enum cpuhp_state). */
  numbersOf: CpuhpKernel = '6.12';
  /** CPUs are brought up in two states, where the kernel can (CONFIG_HOTPLUG_SPLIT_STARTUP). */
  splitsBringUp = true;
  private readonly trace: HotplugTrace;
  /** The log says so when CPUs come and go. */
  announcesCpus = true;
  /** How it says so; default: in x86's words. */
  words: HotplugWords = { coming: (cpu) => this.x86Coming(cpu), gone: x86Gone };
  /** Older kernels take each coming of CPU 1 for the boot (arch/x86/kernel/smpboot.c announce_cpu). */
  announcesSmpBoot = false;

  constructor(private readonly machine: HotplugMachine) {
    this.trace = new HotplugTrace(machine, () => this.numbers);
  }

  /** The states' numbers. */
  get numbers(): StateNumbers {
    return new StateNumbers(this.numbersOf, this.splitsBringUp, this.states);
  }

  /** Adds a state. Its startup is not called for CPUs that are online already (cpuhp_setup_state_nocalls). */
  register(state: HotplugState): void {
    let at = this.states.length;
    while (at > 0 && this.states[at - 1].place > state.place) at -= 1;
    this.states.splice(at, 0, state);
  }

  /** Takes a state away. Its teardown is not called for CPUs that are online (cpuhp_remove_state_nocalls). */
  unregister(state: HotplugState): void {
    const at = this.states.indexOf(state);
    if (at >= 0) this.states.splice(at, 1);
    for (const [cpu, failing] of this.toFail) if (failing === state) this.toFail.delete(cpu);
  }

  /**
   * Adds a device to the state of its driver, which all with this name have in common; its startup is not called for CPUs
   * that are online already (cpuhp_state_add_instance_nocalls).
   */
  addInstance(instance: HotplugState): void {
    let state = this.multi.get(instance.name);
    if (state === undefined) {
      state = new HotplugInstances(instance.name, instance.place, this.trace);
      this.multi.set(instance.name, state);
      this.register(state);
    }
    state.add(instance);
  }

  removeInstance(instance: HotplugState): void {
    this.multi.get(instance.name)?.remove(instance);
  }

  /** The states, in the order of bringing a CPU up. */
  get registered(): readonly HotplugState[] {
    return this.states;
  }

  /** Has `state` fail with EAGAIN when CPU `id` comes to it next, up or down; undefined: no state. */
  fail(id: CpuId, state: HotplugState | undefined): void {
    if (state === undefined) this.toFail.delete(id);
    else this.toFail.set(id, state);
  }

  /** The state that is to fail so. */
  failing(id: CpuId): HotplugState | undefined {
    return this.toFail.get(id);
  }

  get smtControl(): SmtControl {
    return this.smt;
  }

  /** The most threads that a core has. */
  get threadsPerCore(): number {
    const { topology, cpus } = this.machine;
    const threads = new Map<string, number>();
    for (const { id } of cpus) {
      const core = `${topology.package[id]} ${topology.core[id]}`;
      threads.set(core, (threads.get(core) ?? 0) + 1);
    }
    return Math.max(...threads.values());
  }

  /** True if there is a core of which more than one thread is online (sched_smt_active). */
  get isSmtActive(): boolean {
    const { online } = this.machine;
    return [...online].some((cpu) =>
      [...online].some((other) => other < cpu && this.areSiblings(cpu, other)),
    );
  }

  /**
   * Takes all second threads offline, or brings those that are present online (kernel/cpu.c cpuhp_smt_disable,
   * cpuhp_smt_enable).
   *
   * @throws ErrnoError what a CPU refuses with; those before it have changed then.
   */
  *setSmt(control: SmtControl): Procedure<void> {
    const { online, present } = this.machine;
    if (control === 'on') {
      this.smt = control;
      for (const cpu of present) if (!online.has(cpu)) yield* this.cpuUp(cpu);
    } else {
      for (const cpu of present) if (online.has(cpu) && !this.isPrimaryThread(cpu)) yield* this.cpuDown(cpu);
      this.smt = control;
    }
  }

  private areSiblings(a: CpuId, b: CpuId): boolean {
    const { topology } = this.machine;
    return topology.package[a] === topology.package[b] && topology.core[a] === topology.core[b];
  }

  /** topology_is_primary_thread. */
  private isPrimaryThread(cpu: CpuId): boolean {
    return !this.machine.cpus.some(({ id }) => id < cpu && this.areSiblings(id, cpu));
  }

  /** kernel/cpu.c cpuhp_invoke_callback: a state that is to fail does so once. */
  private mayFail({ id }: Cpu, state: HotplugState): void {
    if (this.toFail.get(id) !== state) return;
    this.toFail.delete(id);
    throw new ErrnoError('EAGAIN', `${state.name} was told to fail on CPU ${id}`);
  }

  registerDying(callback: DyingCallback): void {
    this.dyingCallbacks.push(callback);
  }

  /** Has `callback` called on a CPU that comes, just before it is in the online mask. */
  registerStarting(callback: (cpu: Cpu) => void): void {
    this.startingCallbacks.push(callback);
  }

  registerHeld(held: HeldWhileChanging): void {
    this.held.push(held);
  }

  /** Keeps CPUs from coming and going, as do others at the same time. */
  cpusReadLock(): Procedure<void> {
    return this.lock.readLock();
  }

  cpusReadUnlock(): Procedure<void> {
    return this.lock.readUnlock();
  }

  /** Keeps CPUs from coming and going, and out who needs them to stay. */
  cpusWriteLock(): Procedure<void> {
    return this.lock.writeLock();
  }

  cpusWriteUnlock(): Procedure<void> {
    return this.lock.writeUnlock();
  }

  /** From now on nobody may take CPUs down or up but `freeze` and `thaw` (cpu_hotplug_disable). */
  disable(): void {
    this.disabled += 1;
  }

  /** Undoes one disable, if there was one (cpu_hotplug_enable). */
  enable(): void {
    if (this.disabled > 0) this.disabled -= 1;
  }

  /**
   * Takes a CPU offline (cpu_device_down). Taking an offline CPU down again does nothing.
   *
   * @throws ErrnoError EBUSY for the last online CPU and while a suspended machine's hotplug is disabled, or what a state's teardown refuses with; then everything is as
   *   it was before.
   */
  *cpuDown(id: CpuId): Procedure<void> {
    this.refuseDisabled(id);
    yield* this.freeze(id);
  }

  /** True while CPUs stay as they are. */
  get isDisabled(): boolean {
    return this.disabled > 0;
  }

  private refuseDisabled(id: CpuId): void {
    if (this.disabled > 0)
      throw new ErrnoError('EBUSY', `CPU ${id} stays as it is while the machine is suspended`);
  }

  /** As cpuDown, for a machine that is being suspended (_cpu_down). */
  *freeze(id: CpuId): Procedure<void> {
    const cpu = this.machine.cpu(id);
    yield* this.cpusWriteLock();
    try {
      if (!cpu.online) return;
      if (this.machine.online.weight === 1) {
        throw new ErrnoError('EBUSY', `CPU ${id} is the last one online; bring another one online first`);
      }
      yield* this.tearDown(cpu);
    } finally {
      yield* this.cpusWriteUnlock();
    }
  }

  /**
   * Brings a present CPU online (cpu_device_up). Bringing an online CPU up again does nothing.
   *
   * @throws ErrnoError EBUSY while hotplug is disabled, EINVAL for a CPU that is not present, EPERM for a second thread while SMT is off, or what a state's startup refuses with; then the CPU is
   *   offline again.
   */
  *cpuUp(id: CpuId): Procedure<void> {
    this.refuseDisabled(id);
    yield* this.thaw(id);
  }

  /** As cpuUp, for a machine that wakes up (_cpu_up). */
  *thaw(id: CpuId): Procedure<void> {
    const cpu = this.machine.cpu(id);
    yield* this.cpusWriteLock();
    try {
      if (cpu.online) return;
      if (!this.machine.present.has(id)) {
        throw new ErrnoError('EINVAL', `CPU ${id} is not present; the machine has no such CPU plugged in`);
      }
      // kernel/cpu.c cpu_bootable
      if (this.smt !== 'on' && !this.isPrimaryThread(id))
        throw new ErrnoError('EPERM', `CPU ${id} is a second thread, and SMT is off (smt/control)`);
      this.announce(this.words.coming(id));
      yield* this.trace.coming(id, this.bringUp(cpu));
    } finally {
      yield* this.cpusWriteUnlock();
    }
  }

  private *bringUp(cpu: Cpu): Procedure<void> {
    yield* this.hold();
    for (const callback of this.startingCallbacks) callback(cpu);
    cpu.goOnline();
    this.machine.online.set(cpu.id);
    yield* this.letGo();
    yield* this.startUp(cpu);
  }

  private *startUp(cpu: Cpu): Procedure<void> {
    const done: HotplugState[] = [];
    try {
      for (const state of [...this.states]) {
        this.mayFail(cpu, state);
        if (state.startup) yield* this.trace.callback(cpu, state, true, state.startup(cpu));
        done.push(state);
      }
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      for (const state of done.reverse())
        yield* rollBack(state.teardown && this.trace.callback(cpu, state, false, state.teardown(cpu)));
      yield* this.takedownCpu(cpu, []);
      throw error;
    }
  }

  private *tearDown(cpu: Cpu): Procedure<void> {
    const down = [...this.states].reverse();
    const done: HotplugState[] = [];
    try {
      yield* this.trace.leaving(cpu.id, this.tearDownStates(cpu, down, done));
      yield* this.takedownCpu(cpu, this.dyingCallbacks);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      for (const state of done.reverse())
        yield* rollBack(state.startup && this.trace.callback(cpu, state, true, state.startup(cpu)));
      throw error;
    }
    for (const state of down) if (state.dead) yield* state.dead(cpu);
  }

  /** @param done the states whose callbacks have been called. */
  private *tearDownStates(cpu: Cpu, down: readonly HotplugState[], done: HotplugState[]): Procedure<void> {
    for (const state of down) {
      this.mayFail(cpu, state);
      if (state.teardown) yield* this.trace.callback(cpu, state, false, state.teardown(cpu));
      done.push(state);
    }
  }

  /**
   * kernel/cpu.c takedown_cpu: all CPUs stand still while this one goes.
   *
   * @param asked those who may still refuse.
   */
  private *takedownCpu(cpu: Cpu, asked: readonly DyingCallback[]): Procedure<void> {
    yield* this.trace.stopping(cpu.id, this.stop(cpu, asked));
    this.trace.stopped(cpu.id);
  }

  private *stop(cpu: Cpu, asked: readonly DyingCallback[]): Procedure<void> {
    yield* this.hold();
    try {
      yield this.machine.stopMachine.stop;
      for (const callback of asked) callback.prepare?.(cpu);
      this.takeDown(cpu);
    } finally {
      yield* this.letGo();
    }
  }

  private *hold(): Procedure<void> {
    for (const held of this.held) yield* held.hold();
  }

  private *letGo(): Procedure<void> {
    for (const held of this.held) yield* held.letGo();
  }

  /** take_cpu_down and what follows it: from here on there is no way back. */
  private takeDown(cpu: Cpu): void {
    cpu.goOffline();
    this.machine.online.clear(cpu.id);
    const { machine } = this;
    const previous = machine.thisCpu;
    machine.thisCpu = cpu.id;
    for (const callback of this.dyingCallbacks) callback.dying(cpu);
    machine.thisCpu = previous;
    cpu.moveTaskletsTo(this.machine.cpus[this.machine.online.first()]);
    this.announce(this.words.gone(cpu.id));
  }

  private announce(words: readonly string[]): void {
    if (this.announcesCpus) for (const line of words) this.machine.log.printk(line);
  }

  /** arch/x86/kernel/smpboot.c announce_cpu, do_boot_cpu. */
  private x86Coming(cpu: CpuId): string[] {
    const node = this.machine.topology.node[cpu];
    const lines = [`smpboot: Booting Node ${node} Processor ${cpu} APIC 0x${cpu.toString(16)}`];
    if (cpu === 1 && this.announcesSmpBoot) lines.unshift('x86: Booting SMP configuration:');
    return lines;
  }
}

/** arch/x86/kernel/smpboot.c native_cpu_die. */
function x86Gone(cpu: CpuId): string[] {
  return [`smpboot: CPU ${cpu} is now offline`];
}

/** Undoes one state; there one must not fail, so a refusal changes nothing (cpuhp_invoke_callback_range_nofail). */
function* rollBack(callback: Procedure<void> | undefined): Procedure<void> {
  try {
    if (callback !== undefined) yield* callback;
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
  }
}
