import type { Clock } from './clock.js';
import type { Ns } from '../lib/brand.js';

/** A line of the kernel log. */
export interface LogLine {
  readonly ns: Ns;
  readonly text: string;
}

/** The kernel log: what dmesg shows, without its time stamps in the text. */
export class KernelLog {
  readonly lines: LogLine[] = [];
  private readonly once = new Set<string>();

  constructor(private readonly clock: Clock) {}

  /** Appends one line (printk). */
  printk(text: string): void {
    this.lines.push({ ns: this.clock.now, text });
  }

  /** Appends the line only the first time it is asked for (pr_info_once and the like). */
  printkOnce(text: string): void {
    if (this.once.has(text)) return;
    this.once.add(text);
    this.printk(text);
  }

  /** A warning of the kernel's own code (WARN_ON), named by its place as the kernel does: file and function. */
  warn(file: string, func: string): void {
    this.printk(`WARNING: at ${file} ${func}`);
  }
}
