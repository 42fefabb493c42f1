import type { KernelVersion } from '../../irq/kernel.js';
import type { Comparison } from '../judge.js';
import { recordedGuest } from '../machine/recorded-guest.js';
import type { InterruptOptions } from '../../scenario/options/interrupts.js';
import { type Entry, entryOf, sorted } from './entry.js';
import type { IrqCase } from './irq-case.js';

/** The ISA interrupts' controllers. */
const machineChips: ReadonlySet<string | null> = new Set(['IO-APIC', 'XT-PIC']);

/** A line of the recorded machine itself, not of the test module. */
export function isOfMachine({ chip }: IrqCase['desc']): boolean {
  return machineChips.has(chip);
}

/** Compares the directories of one of the machine's own lines with those of a guest that has it. */
export function* compareMachineLine(recorded: IrqCase, kernel: KernelVersion): Generator<Comparison> {
  const { irq, cpus, nr_irqs: nrIrqs } = recorded;
  const { fs } = recordedGuest(kernel, cpus, { nrIrqs, interrupts: [interruptOf(recorded)] });
  const hasMoved = cpus.nr_cpu_ids > 1 && recorded.desc.actions.length > 0;
  const seen = (entry: Entry | null) => withoutHistory(sorted(entry), hasMoved);
  const [proc, sys] = [`/proc/irq/${irq}`, `/sys/kernel/irq/${irq}`];
  yield { what: '/proc/irq/N', expected: seen(recorded.proc), actual: seen(entryOf(fs, proc)) };
  yield { what: '/sys/kernel/irq/N', expected: seen(recorded.sys), actual: seen(entryOf(fs, sys)) };
}

/** What is on the line: the devices of a PC, and how the firmware has them triggered. */
function interruptOf({ irq, desc }: IrqCase): InterruptOptions {
  const { chip, domain, hwirq, name, actions, kstat } = desc;
  const isLevel = name === 'fasteoi' || chip === 'XT-PIC';
  return {
    irq,
    chip: chip ?? '',
    hwirq: domain === null ? null : hwirq,
    flow: chip === 'XT-PIC' ? 'level' : isLevel ? 'fasteoi' : 'edge',
    flowName: name,
    trigger: isLevel ? 'level' : 'edge',
    ...(actions.length > 0 && { name: actions.join(', ') }),
    counts: Object.fromEntries(kstat.entries()),
  };
}

/**
 * The entry without what the machine did before: which of several CPUs an interrupt goes to comes out of all vectors
 * given out until then, which CPUs it may go to out of those that were online when it was requested, and how many of its
 * interrupts nobody handled out of its devices.
 */
function withoutHistory(entry: Entry | null, hasMoved: boolean): Entry | null {
  if (entry?.entries === undefined) return entry;
  const entries: Record<string, Entry> = {};
  for (const [name, inner] of Object.entries(entry.entries)) {
    const isHistory = name === 'spurious' || (hasMoved && /^(effective|smp)_affinity/.test(name));
    entries[name] = isHistory ? { mode: inner.mode } : inner;
  }
  return { mode: entry.mode, entries };
}
