import type { Ns } from '../lib/brand.js';
import type { ClockEvent } from './clock.js';
import { HZ, INITIAL_JIFFIES, JIFFY_NS, jiffiesAt } from './jiffies.js';
import { Lock } from './lock.js';
import type { Machine } from './machine.js';
import type { Task } from './task.js';
import { timerExpiry } from './timer-wheel.js';

/** What a kernel says of a hung task. */
export interface HungTaskStyle {
  /** The kernel's name for itself (uname -r). */
  readonly release: string;
  /** Flags that a kernel can be tainted with (TAINT_FLAGS_COUNT). */
  readonly taintFlags: number;
  /** It says so when it has given its last warning. */
  readonly saysWhenSilent: boolean;
  /** It names the owner of the mutex that the task waits for (CONFIG_DETECT_HUNG_TASK_BLOCKER). */
  readonly namesOwner: boolean;
}

/** Defaults of the kernel's settings (CONFIG_DEFAULT_HUNG_TASK_TIMEOUT, sysctl_hung_task_warnings). */
const TIMEOUT_SECS = 120;
const WARNINGS = 10;
/** Where print_tainted puts the letter of a kernel that has warned (TAINT_WARN). */
const TAINT_WARN = 9;

/** What the detector remembers of a task. */
interface Seen {
  switches: number;
  /** When it was first found with that count (last_switch_time), in jiffies. */
  jiffies: number;
}

/**
 * khungtaskd: looks every 120 s for tasks that sleep uninterruptibly and have not run since it looked 120 s ago or more
 * (kernel/hung_task.c watchdog). So the first warning comes 120 to 240 s after a task went to sleep, and says the time
 * since the look that first found it asleep.
 *
 * Deviates from Linux in that sched_show_task writes the workqueue's line only.
 */
export class HungTaskDetector {
  /** Warnings that are still to be given; negative: any number (sysctl_hung_task_warnings). */
  warnings = WARNINGS;
  private timeout = TIMEOUT_SECS;
  private checkInterval = 0;
  private lastChecked = INITIAL_JIFFIES;
  private readonly seen = new WeakMap<Task, Seen>();
  private readonly alarm: ClockEvent = { fire: () => this.watch() };

  constructor(
    private readonly machine: Machine,
    private readonly style: HungTaskStyle,
  ) {
    this.watch();
  }

  /** How long a task may sleep, in s; 0: for ever (sysctl_hung_task_timeout_secs). */
  get timeoutSecs(): number {
    return this.timeout;
  }

  set timeoutSecs(secs: number) {
    this.timeout = secs;
    this.wake();
  }

  /** How long from one look to the next, in s; 0: as long as a task may sleep (sysctl_hung_task_check_interval_secs). */
  get checkIntervalSecs(): number {
    return this.checkInterval;
  }

  set checkIntervalSecs(secs: number) {
    this.checkInterval = secs;
    this.wake();
  }

  private get now(): number {
    const { clock, bootNs } = this.machine;
    return jiffiesAt(clock.now - bootNs);
  }

  private wake(): void {
    this.machine.clock.cancelAlongside(this.alarm);
    this.watch();
  }

  /** One turn of the thread's loop, or several (watchdog). */
  private watch(): void {
    const { machine, timeout, checkInterval } = this;
    if (machine.halted) return;
    const interval = checkInterval === 0 ? timeout : Math.min(checkInterval, timeout);
    if (interval === 0) return;
    const { now } = this;
    if (this.lastChecked + interval * HZ <= now) {
      this.check(now);
      this.lastChecked = now;
    }
    const delay = this.lastChecked + interval * HZ - now;
    const atNs: Ns = (timerExpiry(now, delay) - INITIAL_JIFFIES) * JIFFY_NS;
    machine.clock.alongside(atNs + machine.bootNs - machine.clock.now, this.alarm);
  }

  /** check_hung_uninterruptible_tasks */
  private check(now: number): void {
    const tasks = this.machine
      .stuckTasks()
      .filter(({ blockedOn }) => blockedOn?.kind !== 'read' && blockedOn?.polls !== true);
    for (const task of tasks.toSorted((a, b) => a.pid - b.pid)) {
      const seen = this.seen.get(task);
      if (seen?.switches !== task.switches) this.seen.set(task, { switches: task.switches, jiffies: now });
      else if (seen.jiffies + this.timeout * HZ <= now)
        this.report(task, Math.floor((now - seen.jiffies) / HZ));
    }
  }

  /** check_hung_task; hung_task_info */
  private report(task: Task, secs: number): void {
    if (this.warnings === 0) return;
    if (this.warnings > 0) this.warnings -= 1;
    const { log } = this.machine;
    const { release, saysWhenSilent, namesOwner } = this.style;
    log.prErr(`INFO: task ${nameOf(task)} blocked for more than ${secs} seconds.`);
    log.prErr(`      ${this.tainted()} ${release} #1`);
    log.prErr('"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.');
    if (task.workqueue !== undefined && task.functions.length > 0)
      log.printk(`Workqueue: ${task.workqueue} ${task.functions[0]}`);
    if (namesOwner && task.blockedOn?.object instanceof Lock) this.nameOwner(task, task.blockedOn.object);
    if (saysWhenSilent && this.warnings === 0)
      log.printk('Future hung task reports are suppressed, see sysctl kernel.hung_task_warnings');
  }

  /** debug_show_blocker, for mutexes */
  private nameOwner(task: Task, mutex: Lock): void {
    const owner = mutex.heldBy();
    const end =
      owner === undefined ? ', but the owner is not found.' : ` likely owned by task ${nameOf(owner)}.`;
    this.machine.log.prErr(`INFO: task ${nameOf(task)} is blocked on a mutex${end}`);
  }

  /** print_tainted: a kernel that has warned is tainted. */
  private tainted(): string {
    if (!this.machine.log.hasWarned) return 'Not tainted';
    return `Tainted: ${'G'.padEnd(TAINT_WARN)}${'W'.padEnd(this.style.taintFlags - TAINT_WARN)}`;
  }
}

function nameOf({ comm, pid }: { readonly comm: string; readonly pid: number }): string {
  return `${comm}:${pid}`;
}
