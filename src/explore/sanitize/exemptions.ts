import { SharedObject } from '../../machine/step.js';
import type { Conflict } from './locations.js';
import { siteOf, Variables } from './recorder.js';

/** A place that contexts share without announcing it, and why no order of its accesses can tell. */
interface Exemption {
  /** The class of the object that has it, or for variables the file; default: any. */
  readonly of?: string;
  /** Default: any. */
  readonly keys?: readonly string[];
  /** The functions that make the accesses; default: any. */
  readonly by?: readonly [string, string];
  readonly reason: string;
}

const ANY = '';

/** All that the sanitizer does not report. What is here must not depend on the order of steps, whatever the model. */
const exemptions: readonly Exemption[] = [
  {
    of: 'src/machine/step.ts',
    keys: ['nextObjectId'],
    reason: 'the number by which the explorer knows an object: models do not look at it',
  },
  {
    of: 'src/machine/memory.ts',
    keys: ['running'],
    reason: 'the store buffer of the running CPU, which the explorer sets before each step',
  },
  {
    by: ['StoreNotes.', 'StoreNotes.'],
    reason: 'notes of the explorer about a whole search',
  },
  {
    of: 'SharedObject',
    keys: ['reading', 'writing', 'updating', 'waiting'],
    reason: 'parts of a SharedObject made on first use, the same whoever comes first',
  },
  {
    of: 'ChannelPlacement',
    keys: ['masks'],
    reason: 'the sets of CPUs by node, made on first use, the same whoever comes first',
  },
  {
    of: 'Machine',
    keys: ['thisCpu'],
    reason:
      'smp_processor_id of the running context: set before each step, and given back by whoever changes it within one',
  },
  {
    by: ['Srcu.readLockSteps', 'Srcu.readLockSteps'],
    reason:
      'two readers that enter commute: their tickets only tell who was inside when a grace period began, and that ' +
      'one is a write of the same Srcu',
  },
  {
    by: ['ProcConstraints.updateChip', 'ProcConstraints.updateChip'],
    reason: 'two lines that get chips commute: the column is as wide as the longer name, whoever comes first',
  },
  {
    keys: ['countsOutsideTotal'],
    by: ['kstatIncrOutsideStat', 'kstatIncrOutsideStat'],
    reason:
      'two interrupts that count commute: it only tells whether a row of /proc/interrupts is to be written anew',
  },
  {
    of: 'IrqDesc',
    keys: ['istate'],
    by: ['irqFinalizeOneshot', ANY],
    reason:
      'irq_finalize_oneshot looks for IRQS_ONESHOT without desc->lock, as Linux does: the first request of the line ' +
      'sets it before there is a thread, and it stays',
  },
  {
    of: 'IrqDesc',
    keys: ['state'],
    by: ['genericHandleIrqDescSteps', ANY],
    reason:
      'handle_enforce_irqctx looks at one bit of the state without desc->lock, as Linux does: it is set before the ' +
      'line can interrupt, and never changes',
  },
];

/** True if a conflict is about a place that needs no announcement. */
export function isExempt(conflict: Conflict): boolean {
  return exemptions.some((exemption) => covers(exemption, conflict));
}

function covers({ of, keys, by }: Exemption, { object, key, first, second }: Conflict): boolean {
  if (of !== undefined && !isOf(object, of)) return false;
  if (keys !== undefined && !keys.includes(String(key))) return false;
  if (by === undefined) return true;
  const one = siteOf(first.site).func;
  const two = siteOf(second.site).func;
  const [a, b] = by;
  return (one.startsWith(a) && two.startsWith(b)) || (one.startsWith(b) && two.startsWith(a));
}

function isOf(object: object, name: string): boolean {
  if (object instanceof Variables) return object.file === name;
  return object.constructor?.name === name || (name === 'SharedObject' && object instanceof SharedObject);
}
