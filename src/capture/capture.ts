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

/** Each kind's own way to be read. */
const parsers: Readonly<Record<Capture['kind'], (text: string) => Capture>> = {
  interrupts: (text) => ({ kind: 'interrupts', parsed: parseInterrupts(text) }),
  devices: (text) =>
    isUdevDump(text)
      ? { kind: 'devices', devices: parseUdevDump(text), madeUpRelids: true }
      : { kind: 'devices', devices: parseLsvmbus(text), madeUpRelids: false },
  procIrq: (text) => ({ kind: 'procIrq', dump: parseProcIrqDump(text) }),
};

/**
 * Reads a capture.
 *
 * @param wanted the kind that it is to be, unless it begins as another; default: /proc/interrupts.
 * @throws InterruptsSyntaxError or CaptureSyntaxError, which say where.
 */
export function parseCapture(text: string, wanted: Capture['kind'] = 'interrupts'): Capture {
  return parsers[kindOf(text) ?? wanted](text);
}

/** True if the text begins as a capture of some kind does. */
export function isKnown(text: string): boolean {
  return kindOf(text) !== undefined;
}

/** The kind that the first line shows; undefined if it shows none. */
function kindOf(text: string): Capture['kind'] | undefined {
  if (text.startsWith('VMBUS ID') || isUdevDump(text)) return 'devices';
  if (isProcIrqDump(text)) return 'procIrq';
  return /^ *CPU\d/.test(text) ? 'interrupts' : undefined;
}
