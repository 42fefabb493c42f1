import type { LogLine } from '../machine/log.js';

/** The kernel log with its time stamps in seconds, as dmesg prints it. */
export function dmesgText(log: readonly LogLine[]): string {
  return log
    .map(({ ns, text }) => {
      const seconds = String(Math.floor(ns / 1e9)).padStart(5);
      const micros = String(Math.floor((ns % 1e9) / 1000)).padStart(6, '0');
      return `[${seconds}.${micros}] ${text}\n`;
    })
    .join('');
}

/** The latest whole lines of the kernel log that go into `bytes` bytes, as dmesg prints them (kmsg_dump_get_buffer). */
export function kmsgTail(log: readonly LogLine[], bytes: number): string {
  let text = '';
  for (const line of log.toReversed()) {
    const longer = dmesgText([line]) + text;
    if (longer.length > bytes) break;
    text = longer;
  }
  return text;
}
