import { type ParsedInterrupts, parseInterrupts } from '../view/interrupts/parse.js';
import { type LsvmbusDevice, parseLsvmbus } from './lsvmbus.js';
import { isProcIrqDump, type ProcIrqDump, parseProcIrqDump } from './proc-irq-dump.js';
import { isUdevDump, parseUdevDump } from './udev.js';

/** What a program printed on a real machine. */
export type Capture =
  | { readonly kind: 'interrupts'; readonly parsed: ParsedInterrupts }
  | { readonly kind: 'devices'; readonly devices: readonly LsvmbusDevice[]; readonly madeUpRelids: boolean }
  | { readonly kind: 'procIrq'; readonly dump: ProcIrqDump };

/** Each kind as messages call it. */
export const captureNames: Readonly<Record<Capture['kind'], string>> = {
  interrupts: '/proc/interrupts',
  devices: 'the output of lsvmbus',
  procIrq: 'the output of grep on /proc/irq/*/smp_affinity_list',
};

/**
 * Reads a capture; its first line tells which kind it is.
 *
 * @throws InterruptsSyntaxError or CaptureSyntaxError, which say where.
 */
export function parseCapture(text: string): Capture {
  if (text.startsWith('VMBUS ID'))
    return { kind: 'devices', devices: parseLsvmbus(text), madeUpRelids: false };
  if (isUdevDump(text)) return { kind: 'devices', devices: parseUdevDump(text), madeUpRelids: true };
  if (isProcIrqDump(text)) return { kind: 'procIrq', dump: parseProcIrqDump(text) };
  return { kind: 'interrupts', parsed: parseInterrupts(text) };
}
