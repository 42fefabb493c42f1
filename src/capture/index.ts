import type { GuestOptions } from '../scenario/options/guest.js';
import { type ImportedInterrupts, importInterrupts } from './interrupts.js';
import { guestOfLsvmbus, type LsvmbusDevice, parseLsvmbus } from './lsvmbus.js';

export { type CapturedGuest, type Captures, guestOfCaptures } from './guest-options.js';
export { type ImportedInterrupts, importInterrupts } from './interrupts.js';
export { guestOfLsvmbus, type LsvmbusDevice, parseLsvmbus } from './lsvmbus.js';
export { isProcIrqDump, type ProcIrqDump, parseProcIrqDump } from './proc-irq-dump.js';
export { scenarioText } from './scenario-text.js';
export { CaptureSyntaxError } from './syntax-error.js';
export { isUdevDump, parseUdevDump } from './udev.js';

/** What a capture of a real machine was, and what came out of it. */
export type ImportedCapture =
  | { readonly kind: 'interrupts'; readonly machine: ImportedInterrupts }
  | { readonly kind: 'lsvmbus'; readonly devices: readonly LsvmbusDevice[]; readonly guest: GuestOptions };

/**
 * Reads a capture: /proc/interrupts, or what lsvmbus printed.
 *
 * @throws InterruptsSyntaxError or CaptureSyntaxError, which say where.
 */
export function importCapture(text: string): ImportedCapture {
  if (!text.startsWith('VMBUS ID')) return { kind: 'interrupts', machine: importInterrupts(text) };
  const devices = parseLsvmbus(text);
  return { kind: 'lsvmbus', devices, guest: guestOfLsvmbus(devices) };
}
