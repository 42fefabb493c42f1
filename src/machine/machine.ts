import { AssertionError } from '../lib/assert.js';
import { ErrnoError } from '../lib/errno.js';
import type { CpuId, Ns } from '../lib/brand.js';
import { checks } from '../lib/checks.js';
import { Fifo } from '../lib/fifo.js';
import { Clock, type ClockEvent } from './clock.js';
import { mightSleep } from './completion.js';
import { Cpu, type CpuMachine, type InterruptHandler, IRQ_WORK_VECTOR, type TaskletRunner } from './cpu.js';
import { CpuPlug } from './cpu-plug.js';
import { CpuMask, SharedCpuMask } from './cpumask.js';
import { parseCpuList } from './cpumask-text.js';
import { CpuHotplug, type HotplugMachine } from './hotplug.js';
import { isStuck, type WaitingContext, waitingContext } from './hung.js';
import { KernelLog, kernLevel } from './log.js';
import { drainStores } from './memory.js';
import { StopMachine } from './stop-machine.js';
import { type Procedure, setRunningContext, type Step } from './step.js';
import { Task, type TaskIdentity } from './task.js';
import { flatTopology, type Topology } from './topology.js';
import { atOnce, Calls, elapseInTurns, runInTurns, type Turns } from './turns.js';
import type { TracePort } from '../trace/port.js';
import { type TraceContext, type TracedMachine, traceFlag } from '../trace/record.js';

/** What a machine is like. */
export interface MachineOptions {
  /** Highest CPU number + 1 that the guest may ever have; default: `present`. */
  readonly possible?: number;
  /** Number of CPUs plugged in at the start, 1 or more. */
  readonly present: number;
  /** CPUs online from the start; default: all present ones. */
  readonly online?: Iterable<CpuId>;
  /** CPUs kept free of managed interrupts (isolcpus=managed_irq). */
  readonly isolated?: Iterable<CpuId>;
  readonly topology?: Topology;
  /** What the log begins with; default: nothing. */
  readonly bootMessages?: readonly string[];
  /** The time, for a kernel that is started in another one's place; default: it begins with this machine. */
  readonly clock?: Clock;
  /** How long an interrupt keeps its CPU from taking the next one, in ns; default 0. */
  readonly interruptNs?: Ns;
}

/** Of process contexts: 1 is init's, 2 kthreadd's. */
const FIRST_PID = 3;
/** Who acts on the guest from outside where nobody says which process does: a shell, with a number that no other has. */
const shell: UserProcess = { comm: 'sh', pid: 1000 };
/** Characters of a task's name that the kernel keeps (TASK_COMM_LEN - 1). */
const COMM_LENGTH = 15;
/** So many transitions are each looked at by validateWith, then one of so many. */
const ALL_LOOKED_AT = 20_000;
const THEN_ONE_OF = 1000;
/** What comes soon, and more often than this at one point of time, is without end: note_interrupt gives up sooner. */
const MOST_AT_ONCE = 1_000_000;
/** From then on each time takes so long: an end of interrupt and the next one of a level, under a hypervisor. */
const SCREAM_NS: Ns = 10_000;

/** A process of the guest's user space, of which the model knows no more than what it asks the kernel for. */
export interface UserProcess {
  readonly comm: string;
  readonly pid: number;
}

/** Whoever runs a machine's contexts in its stead, such as an explorer of interleavings. */
export interface ContextRunner extends TaskletRunner {
  /** A process context was started. */
  spawned(task: Task): void;
  /** The running context, `task`, goes on on another CPU, with its next step. */
  moved(task: Task): void;
}

const always = (): boolean => true;

// Not in each machine's table, which would be as long as its number.
const irqWorkHandler: InterruptHandler = { handleInterrupt: (cpu) => cpu.runIrqWorks() };

/**
 * CPUs, virtual time and process contexts: what runs when. Nothing here knows what an interrupt is for.
 * A machine never looks at the host's clock, so the same calls give the same run everywhere.
 */
export class Machine implements CpuMachine, HotplugMachine, TracedMachine {
  readonly clock: Clock;
  /** When its kernel was started. */
  readonly bootNs: Ns;
  readonly log: KernelLog;
  readonly cpus: readonly Cpu[];
  readonly possible: CpuMask;
  /** CPUs that are plugged in, now. */
  readonly present: CpuMask;
  readonly online: SharedCpuMask;
  readonly isolated: CpuMask;
  readonly topology: Topology;
  readonly stopMachine = new StopMachine(this);
  readonly hotplug: CpuHotplug;
  readonly cpuPlug: CpuPlug;
  readonly interruptNs: Ns;
  /** Calls that are being made of the guest on this machine. */
  readonly calls = new Calls();
  /** The CPU that the running context runs on (smp_processor_id). */
  thisCpu: CpuId = 0;
  /** Runs tasks and tasklets instead of this machine; undefined: they run by themselves. */
  runner: ContextRunner | undefined;
  tracePort: TracePort | undefined;
  /** What a kernel does that has panicked on the running CPU, once its machine stands still; default: nothing. */
  onPanic: ((reason: string) => void) | undefined;
  private readonly vectors: (InterruptHandler | undefined)[] = [];
  private readonly ready: Task[] = [];
  /** Of interrupts that wait on a CPU the one with the highest vector comes first; set by the architecture. */
  highestVectorFirst = false;
  private readonly toAttend: Cpu[] = [];
  private readonly held = new Fifo<ClockEvent>();
  /** When something was to happen soon last, and how often at that point of time. */
  private soonNs: Ns = 0;
  private soonCount = 0;
  /** It happens without end. */
  private screams = false;
  /** Tasks that spin until something holds, of which nobody need tell them. */
  private readonly spinning: Task[] = [];
  private running: Task | undefined;
  /** The process whose system call is under way, unless it has become a task; undefined: none. */
  private user: UserProcess | undefined;
  private userCpu: CpuId = 0;
  /** Process contexts that have not ended, of those that the machine runs itself. */
  private readonly tasks = new Set<Task>();
  private nextPid = FIRST_PID;
  private isHalted = false;
  private settling = false;
  /** What looks at the whole machine after each transition, if that was asked for. */
  private readonly invariants: (() => readonly string[])[] = [];
  private isValidated = false;
  /** So many have ended since there was something to look at. */
  private transitions = 0;
  /** Until when the hypervisor keeps all CPUs from running; undefined: they run. */
  private pausedUntil: Ns | undefined;

  constructor(options: MachineOptions) {
    this.clock = options.clock ?? new Clock();
    this.bootNs = this.clock.now;
    this.log = new KernelLog(this.clock, () => this.thisCpu);
    const nrCpuIds = options.possible ?? options.present;
    if (!(Number.isInteger(options.present) && options.present >= 1 && nrCpuIds >= options.present)) {
      throw new RangeError(
        `a machine needs 1 <= present <= possible CPUs, not ${options.present} of ${nrCpuIds}`,
      );
    }
    this.possible = CpuMask.all(nrCpuIds);
    this.present = CpuMask.all(nrCpuIds, options.present);
    this.online = new SharedCpuMask(nrCpuIds, 'cpu_online_mask');
    if (options.online === undefined) this.online.copyFrom(this.present);
    else for (const cpu of options.online) this.online.set(cpu);
    if (this.online.isEmpty) throw new RangeError('a machine needs a CPU that is online');
    if (!this.online.isSubsetOf(this.present))
      throw new RangeError('a CPU that is not present cannot be online');
    this.isolated = CpuMask.of(nrCpuIds, options.isolated ?? []);
    this.topology = options.topology ?? flatTopology(nrCpuIds);
    if (this.topology.node.length !== nrCpuIds) {
      throw new RangeError(
        `a topology of ${this.topology.node.length} CPUs is not one of ${nrCpuIds} possible CPUs`,
      );
    }
    this.interruptNs = options.interruptNs ?? 0;
    const cpus: Cpu[] = [];
    for (let id = 0; id < nrCpuIds; id++) {
      const cpu = new Cpu(this, id, this.toAttend);
      if (this.online.has(id)) cpu.goOnline();
      cpus.push(cpu);
    }
    this.cpus = cpus;
    this.thisCpu = this.online.first();
    this.hotplug = new CpuHotplug(this);
    this.cpuPlug = new CpuPlug(this);
    for (const text of options.bootMessages ?? []) this.log.printk(text);
  }

  get nrCpuIds(): number {
    return this.possible.nrCpuIds;
  }

  /** The CPU that the running context runs on. */
  get runningCpu(): Cpu {
    return this.cpus[this.thisCpu];
  }

  /**
   * Does `work` as what a process of user space has asked the kernel for; traces show that process.
   *
   * @param by default: the one whose system call is under way; else a shell.
   */
  asUser<T>(work: () => T, by: UserProcess | undefined = this.user ?? shell): T {
    if (this.running !== undefined || this.inInterrupt) return work();
    const { user, thisCpu } = this;
    this.user = by;
    if (!this.online.has(thisCpu)) this.thisCpu = this.online.first();
    this.userCpu = this.thisCpu;
    try {
      return work();
    } finally {
      this.user = user;
      this.thisCpu = thisCpu;
    }
  }

  /** What `trace` shows of the running context: a task, or a CPU's idle task, which keeps preemption off. */
  traceContext(): TraceContext {
    const { thisCpu, running } = this;
    const cpu = this.cpus[thisCpu];
    const user = thisCpu === this.userCpu ? this.user : undefined;
    const task = running !== undefined && running.cpu === thisCpu ? running : user;
    let flags = cpu.irqsDisabled || cpu.nmi ? traceFlag.IRQS_OFF : 0;
    if (cpu.hardirq) flags |= traceFlag.HARDIRQ;
    if (cpu.nmi) flags |= traceFlag.NMI;
    if (cpu.servesSoftirq) flags |= traceFlag.SOFTIRQ;
    const preemptDepth = cpu.preemptDepth + (task === undefined ? 1 : 0);
    return { cpu: thisCpu, comm: task?.comm ?? '<idle>', pid: task?.pid ?? 0, flags, preemptDepth };
  }

  cpusOfList(list: string): ReadonlySet<CpuId> | undefined {
    try {
      return new Set(parseCpuList(list, this.nrCpuIds));
    } catch (error) {
      if (error instanceof ErrnoError) return undefined;
      throw error;
    }
  }

  /** The CPU with number `id`. @throws RangeError if the machine has none. */
  cpu(id: CpuId): Cpu {
    const cpu = this.cpus[id];
    if (cpu === undefined)
      throw new RangeError(`there is no CPU ${id}: this machine has CPUs 0-${this.nrCpuIds - 1}`);
    return cpu;
  }

  /** Installs what runs when `vector` is raised, on every CPU. */
  setVectorHandler(vector: number, handler: InterruptHandler | undefined): void {
    this.vectors[vector] = handler;
  }

  /** What runs when `vector` is raised. @throws Error if nothing is installed. */
  vectorHandler(vector: number): InterruptHandler {
    const handler = this.vectors[vector] ?? (vector === IRQ_WORK_VECTOR ? irqWorkHandler : undefined);
    if (handler === undefined) throw new Error(`no handler for vector ${vector} on CPU ${this.thisCpu}`);
    return handler;
  }

  /** True where sleeping is not allowed: in an interrupt or tasklet. */
  get inInterrupt(): boolean {
    return this.cpus[this.thisCpu].inInterrupt;
  }

  /**
   * Starts a process context; it runs when the present one gives way (kthread_run; waking it takes its pi_lock, a
   * locked instruction).
   */
  spawn(
    name: string,
    proc: Procedure<unknown>,
    cpu: CpuId = this.thisCpu,
    { pid = this.runner === undefined ? this.newPid() : 0, comm = name, workqueue }: TaskIdentity = {},
  ): Task {
    drainStores();
    const task = new Task(this.ready, name, proc, cpu, pid, comm.slice(0, COMM_LENGTH), workqueue);
    if (this.runner === undefined) {
      this.tasks.add(task);
      this.ready.push(task);
    } else this.runner.spawned(task);
    return task;
  }

  /** The number of the next process context (alloc_pid, which counts up). */
  newPid(): number {
    if (this.nextPid === shell.pid) this.nextPid += 1;
    return this.nextPid++;
  }

  /**
   * The machine stands still for good: no context runs any more, and no CPU takes an interrupt. The clock goes on, for
   * others than this machine.
   */
  halt(): void {
    this.isHalted = true;
    this.ready.length = 0;
    for (const task of this.tasks) task.state = 'done';
    this.tasks.clear();
    for (const cpu of this.cpus) cpu.halt();
  }

  /**
   * Runs `proc` on a machine that stands still: what a kernel does that has panicked. It waits for nothing but time, in
   * which others than this machine do what they do.
   */
  *runHalted(proc: Procedure<void>): Turns<void> {
    for (;;) {
      const next = proc.next();
      if (next.done) return;
      const { kind, ns, object } = next.value;
      if (kind === 'sleep' && ns !== undefined) yield* elapseInTurns(this, this.clock.now + ns);
      else if (object.blocks(next.value)) throw new Error(`${object.name} is waited for after a panic`);
    }
  }

  /**
   * The same in steps as the time goes by, from within what happens on the machine: `proc` begins when that is over.
   */
  continueHalted(proc: Procedure<void>): void {
    const go = (): void => {
      for (;;) {
        const next = proc.next();
        if (next.done) return;
        const { kind, ns, object } = next.value;
        if (kind === 'sleep' && ns !== undefined) {
          this.clock.after(ns, { fire: go });
          return;
        }
        if (object.blocks(next.value)) throw new Error(`${object.name} is waited for after a panic`);
      }
    };
    this.clock.after(0, { fire: go });
  }

  /** The running context has broken the kernel, which stops (die, panic). */
  die(reason: string): void {
    if (this.isHalted) return;
    this.log.printk(`Kernel panic - not syncing: ${reason}`, false, kernLevel.EMERG);
    this.halt();
    this.onPanic?.(reason);
  }

  /** True once the machine stands still. */
  get halted(): boolean {
    return this.isHalted;
  }

  /** Process contexts that sleep uninterruptibly without a time limit, or spin, in the order in which they began. */
  stuckTasks(): Task[] {
    return [...this.tasks].filter(isStuck);
  }

  /** The facts about them, the one that has waited longest first. */
  waiting(): WaitingContext[] {
    return this.stuckTasks()
      .map(waitingContext)
      .toSorted((a, b) => a.sinceNs - b.sinceNs || a.pid - b.pid);
  }

  /**
   * Has `task`, which runs this, go on on a CPU of `mask` if it is on none, the lowest that is online; nowhere if there is
   * none (set_cpus_allowed_ptr of current).
   */
  *setCpusAllowed(task: Task, mask: CpuMask): Procedure<void> {
    if (mask.isEmpty || mask.has(task.cpu)) return;
    yield mightSleep;
    const cpu = mask.firstAnd(this.online);
    if (cpu < 0) return;
    task.cpu = cpu;
    if (this.runner === undefined) this.thisCpu = cpu;
    else this.runner.moved(task);
    yield mightSleep;
  }

  /** Number of process contexts that have not ended, of those that the machine runs itself. */
  get liveTasks(): number {
    return this.tasks.size;
  }

  /**
   * Runs `proc` as a process context to its end, with all that happens meanwhile: time moves on as far as needed.
   *
   * @returns what the procedure returns; throws what it throws.
   * @throws HungError if it waits for something that does not happen any more; it may still go on later.
   * @throws Error if called from a running context, which must `yield*` the procedure instead.
   * @throws RangeError if the machine stands still.
   */
  run<T>(name: string, proc: Procedure<T>, cpu: CpuId = this.online.first(), identity?: TaskIdentity): T {
    return atOnce(runInTurns(this, name, proc, cpu, identity));
  }

  /**
   * The same for a call of the guest's that ends with this, as the process of user space that has called: who has asked for
   * that call's work in turns gets it so.
   */
  call<T>(name: string, proc: Procedure<T>): T {
    return this.calls.finish(runInTurns(this, name, proc, undefined, this.user ?? shell));
  }

  /**
   * Starts `proc` as a process context and runs it up to where it first sleeps, or to its end. It goes on as time passes;
   * whoever starts it takes its error.
   *
   * @throws Error and RangeError as `run`.
   */
  start(
    name: string,
    proc: Procedure<unknown>,
    cpu: CpuId = this.online.first(),
    identity: TaskIdentity = this.user ?? {},
  ): Task {
    if (this.isHalted) throw new RangeError(`${name}: the guest's kernel has stopped; nothing runs in it`);
    if (this.running !== undefined || this.inInterrupt) {
      throw new Error(
        `${name}: called from within ${this.running?.name ?? 'an interrupt'}; use yield* there`,
      );
    }
    // From now on that is who asks, and what comes while it sleeps is nobody's.
    this.user = undefined;
    const task = this.spawn(name, proc, cpu, identity);
    task.errorTaken = true;
    this.settle();
    return task;
  }

  /** Lets `ns` ns pass, with all that happens in them. */
  elapse(ns: Ns): void {
    if (!(ns >= 0 && ns < Number.POSITIVE_INFINITY))
      throw new RangeError(`${ns} ns cannot pass; 0 or more can`);
    this.elapseWhile(this.clock.now + ns, always);
  }

  /**
   * Lets time go by up to `end`, as long as `mayGoOn` says so, which is asked before each event.
   *
   * @returns false if it stopped before `end`; the time is then that of the last event.
   */
  elapseWhile(end: Ns, mayGoOn: () => boolean): boolean {
    this.settle();
    for (;;) {
      const { nextNs } = this.clock;
      if (nextNs > end || nextNs === Number.POSITIVE_INFINITY) break;
      if (!mayGoOn()) return false;
      this.clock.runNext();
      this.settle();
    }
    this.clock.advanceTo(end);
    return true;
  }

  /**
   * Has `event` happen as soon as no context is in the middle of its work: what reaches a CPU that must first let go of a
   * lock. Until then the time stands still; but not for what would keep it so for ever, such as a level that nobody ends,
   * with noirqdebug.
   */
  soon(event: ClockEvent): void {
    const { now } = this.clock;
    if (now !== this.soonNs) {
      if (now !== this.soonNs + SCREAM_NS) this.screams = false;
      this.soonNs = now;
      this.soonCount = 0;
    }
    this.soonCount += 1;
    if (this.soonCount > MOST_AT_ONCE) this.screams = true;
    if (this.screams) this.clock.after(SCREAM_NS, event);
    else this.held.push(event);
  }

  /**
   * No CPU runs for `ns` ns, as when a hypervisor suspends the machine: interrupts and whoever is to run wait. The running
   * context comes to the end of its step first, an interrupt with its tasklets to its own end.
   */
  pause(ns: Ns): void {
    const end = this.clock.now + ns;
    if (this.pausedUntil !== undefined) {
      this.pausedUntil = Math.max(this.pausedUntil, end);
      return;
    }
    this.pausedUntil = end;
    const stopped = this.cpus.filter(({ online }) => online);
    for (const cpu of stopped) cpu.localIrqDisable();
    const goOn = (): void => {
      const { pausedUntil = 0 } = this;
      if (pausedUntil > this.clock.now) {
        this.clock.after(pausedUntil - this.clock.now, { fire: goOn });
        return;
      }
      this.pausedUntil = undefined;
      for (const cpu of stopped) cpu.localIrqEnable();
    };
    this.clock.after(ns, { fire: goOn });
  }

  /**
   * What must hold between any two transitions of the machine's contexts is looked at after each, with IRQLAB_CHECKS=full
   * and as long as no explorer runs them; after the first 20,000, which most guests never reach, after one of 1,000: an hour
   * in which something polls each millisecond has millions.
   *
   * @param broken gives sentences about what does not hold.
   */
  validateWith(broken: () => readonly string[]): void {
    if (!checks.full) return;
    this.invariants.push(broken);
    this.isValidated = true;
  }

  private validate(transition: string): void {
    if (this.runner !== undefined) return;
    this.transitions += 1;
    if (this.transitions > ALL_LOOKED_AT && this.transitions % THEN_ONE_OF !== 0) return;
    for (const one of this.invariants) {
      const broken = one();
      if (broken.length > 0) throw new AssertionError(`broken after ${transition}: ${broken.join('; ')}`);
    }
  }

  /** Runs what is to happen soon, tasklets and tasks until each is done, asleep or waiting; time stands still. */
  settle(): void {
    if (this.settling || this.isHalted) return;
    this.settling = true;
    try {
      if (this.isValidated) this.validate('what came from outside');
      while (this.pausedUntil === undefined) {
        const event = this.held.shift();
        if (event !== undefined) {
          event.fire();
          if (this.isValidated) this.validate('an event');
          continue;
        }
        const cpu = this.toAttend.shift();
        if (cpu !== undefined) {
          cpu.attend();
          if (this.isValidated) this.validate(`tasklets of CPU ${cpu.id}`);
          continue;
        }
        const task = this.ready.shift() ?? this.doneSpinning();
        if (task === undefined) break;
        this.resume(task);
        if (this.isValidated) this.validate(task.name);
      }
    } finally {
      this.settling = false;
    }
  }

  /** A task that spins for what holds now, though nobody has told it. */
  private doneSpinning(): Task | undefined {
    for (const task of this.spinning) {
      const { blockedOn } = task;
      if (blockedOn === undefined || blockedOn.object.blocks(blockedOn)) continue;
      const { waiters } = blockedOn.object;
      waiters.splice(waiters.indexOf(task), 1);
      task.wake();
      return this.ready.shift();
    }
    return undefined;
  }

  private resume(task: Task): void {
    const { blockedOn } = task;
    if (blockedOn !== undefined) {
      if (!task.timedOut && blockedOn.object.blocks(blockedOn)) {
        this.block(task, blockedOn);
        return;
      }
      task.blockedOn = undefined;
      const spun = this.spinning.indexOf(task);
      if (spun >= 0) this.spinning.splice(spun, 1);
      if (task.limit !== undefined) this.clock.cancel(task.limit);
      task.limit = undefined;
    }
    const previous = this.thisCpu;
    this.running = task;
    const other = setRunningContext(task);
    this.thisCpu = this.cpus[task.cpu].online ? task.cpu : this.online.first();
    try {
      this.advance(task);
    } finally {
      this.running = undefined;
      setRunningContext(other);
      this.thisCpu = previous;
    }
    if (task.failed && !task.errorTaken) throw task.error;
  }

  private advance(task: Task): void {
    try {
      for (;;) {
        const next = task.proc.next();
        if (next.done) {
          this.tasks.delete(task);
          task.result = next.value;
          task.state = 'done';
          return;
        }
        const step = next.value;
        if (step.object.blocks(step)) {
          task.timedOut = false;
          task.sinceNs = this.clock.now;
          this.block(task, step);
          if (step.ns !== undefined) this.limit(task, step, step.ns);
          return;
        }
        if (this.pausedUntil !== undefined) {
          task.timedOut = false;
          task.blockedOn = step;
          this.ready.unshift(task);
          return;
        }
      }
    } catch (error) {
      this.tasks.delete(task);
      task.state = 'done';
      task.failed = true;
      task.error = error;
    }
  }

  private block(task: Task, step: Step): void {
    task.state = 'blocked';
    task.blockedOn = step;
    task.switches += 1;
    if (step.kind === 'read' && !this.spinning.includes(task)) this.spinning.push(task);
    // A sleep is ended by its limit only, and its object belongs to all machines.
    if (step.kind !== 'sleep') step.object.waiters.push(task);
  }

  private limit(task: Task, step: Step, ns: Ns): void {
    task.limit = {
      fire: () => {
        task.limit = undefined;
        const at = step.object.waiters.indexOf(task);
        if (at >= 0) step.object.waiters.splice(at, 1);
        task.timedOut = true;
        task.wake();
      },
    };
    this.clock.after(ns, task.limit);
  }
}
