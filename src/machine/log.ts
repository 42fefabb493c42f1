import type { Clock } from './clock.js';
import type { CpuId, Ns } from '../lib/brand.js';
import { type LogStyle, recordedLogStyle } from './log-style.js';
import { drainStores } from './memory.js';
import { SharedWord } from './step.js';

/** A line of the kernel log. */
export interface LogLine {
  /** Since the kernel was started. */
  readonly ns: Ns;
  readonly text: string;
  /** The kernel says this only the first time after boot. */
  readonly once: boolean;
  /** How urgent it is (include/linux/kern_levels.h), plus 8 times who says it: 0 for the kernel, 1 for user space. */
  readonly priority: number;
}

/** include/linux/kern_levels.h */
export const kernLevel = {
  EMERG: 0,
  ALERT: 1,
  CRIT: 2,
  ERR: 3,
  WARNING: 4,
  NOTICE: 5,
  INFO: 6,
  DEBUG: 7,
} as const;

/** The kernel log: what dmesg shows, without its time stamps in the text. */
export class KernelLog {
  private readonly written: LogLine[] = [];
  /** The order of the lines depends on that of the contexts that write them. */
  private readonly word = new SharedWord('kernel log');
  private readonly once = new Set<string>();
  private readonly bootNs: Ns;
  /** How it looks; whole guests have it look as their kernel does. */
  style: LogStyle = recordedLogStyle;
  /** The kernel has warned, and is tainted since (TAINT_WARN). */
  hasWarned = false;

  /** @param thisCpu the CPU that the running context runs on. */
  constructor(
    private readonly clock: Clock,
    private readonly thisCpu: () => CpuId = () => 0,
  ) {
    this.bootNs = clock.now;
  }

  /** The lines so far, the oldest first. */
  get lines(): LogLine[] {
    this.word.announceRead();
    return this.written;
  }

  /** Appends one line (printk, which takes its place by a locked instruction). @param once whoever calls sees to it that it is said only once after boot. @param priority as LogLine has it. */
  printk(text: string, once = false, priority: number = kernLevel.INFO): void {
    drainStores();
    this.word.announce();
    this.written.push({ ns: this.clock.now - this.bootNs, text, once, priority });
  }

  /** printk with the level in its name (include/linux/printk.h), as those below. */
  prEmerg(text: string): void {
    this.printk(text, false, kernLevel.EMERG);
  }

  prAlert(text: string): void {
    this.printk(text, false, kernLevel.ALERT);
  }

  prErr(text: string): void {
    this.printk(text, false, kernLevel.ERR);
  }

  prWarn(text: string): void {
    this.printk(text, false, kernLevel.WARNING);
  }

  prNotice(text: string): void {
    this.printk(text, false, kernLevel.NOTICE);
  }

  prDebug(text: string): void {
    this.printk(text, false, kernLevel.DEBUG);
  }

  /** Appends a line only the first time that `place` asks for one (pr_info_once and the like). */
  printkOnce(text: string, place = text, priority: number = kernLevel.INFO): void {
    this.word.announce();
    if (this.once.has(place)) return;
    this.once.add(place);
    this.printk(text, true, priority);
  }

  /**
   * A warning of the kernel's own code (WARN, WARN_ON), named by its place: file and function.
   *
   * @param text what it says; undefined: nothing.
   * @param context what it says of the context that warns, such as the work that it is in (dump_stack_print_info).
   */
  warn(file: string, func: string, text?: string, once = false, context?: string): void {
    this.word.announce();
    this.hasWarned = true;
    const { frame, textFirst, place } = this.style;
    const texts = text === undefined ? [] : [text];
    const head = place(file, func, this.thisCpu());
    const lines = textFirst ? [...texts, head] : [head, ...texts];
    if (context !== undefined) lines.push(context);
    for (const line of [...frame.begin, ...lines, ...frame.end]) this.printk(line, once, kernLevel.WARNING);
  }
}
