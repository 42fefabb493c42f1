import { bool, int, uint } from '../../trace/c-type.js';
import { lastFirst, type RecordedUnder, rec, TraceEvent, type TraceFields } from '../../trace/event.js';

// The local APICs' interrupts and vectors (arch/x86/include/asm/trace/irq_vectors.h).

/** An event whose text shows each field. */
function vectorEvent<F extends TraceFields>(
  name: string,
  fields: F,
  print: string,
  under: RecordedUnder = 'nothing',
): TraceEvent<F> {
  return new TraceEvent('irq_vectors', name, fields, print, Object.keys(fields).map(rec), under);
}

/** One that is told under vector_lock. */
function lockedEvent<F extends TraceFields>(name: string, fields: F, print: string): TraceEvent<F> {
  return vectorEvent(name, fields, print, 'spinlock');
}

function interrupt(name: string) {
  return vectorEvent(name, { vector: int }, 'vector=%d');
}

export const irqWorkEntry = interrupt('irq_work_entry');
export const irqWorkExit = interrupt('irq_work_exit');

export const vectorConfig = lockedEvent(
  'vector_config',
  { irq: uint, vector: uint, cpu: uint, apicdest: uint },
  'irq=%u vector=%u cpu=%u apicdest=0x%08x',
);

const moved = { irq: uint, vector: uint, cpu: uint, prev_vector: uint, prev_cpu: uint };
const movedText = 'irq=%u vector=%u cpu=%u prev_vector=%u prev_cpu=%u';
export const vectorUpdate = lockedEvent('vector_update', moved, movedText);
export const vectorClear = lockedEvent('vector_clear', moved, movedText);

const reserved = { irq: uint, ret: int };
export const vectorReserveManaged = vectorEvent('vector_reserve_managed', reserved, 'irq=%u ret=%d');
export const vectorReserve = lockedEvent('vector_reserve', reserved, 'irq=%u ret=%d');

export const vectorAlloc = lockedEvent(
  'vector_alloc',
  { irq: uint, vector: uint, reserved: bool, ret: int },
  'irq=%u vector=%u reserved=%d ret=%d',
);
export const vectorAllocManaged = lockedEvent(
  'vector_alloc_managed',
  { irq: uint, vector: uint, ret: int },
  'irq=%u vector=%u ret=%d',
);

const activated = { irq: uint, is_managed: bool, can_reserve: bool, reserve: bool };
const activatedText = 'irq=%u is_managed=%d can_reserve=%d reserve=%d';
export const vectorActivate = vectorEvent('vector_activate', activated, activatedText);
export const vectorDeactivate = vectorEvent('vector_deactivate', activated, activatedText);

export const vectorTeardown = vectorEvent(
  'vector_teardown',
  { irq: uint, is_managed: bool, has_reserved: bool },
  'irq=%u is_managed=%d has_reserved=%d',
);
export const vectorSetup = vectorEvent(
  'vector_setup',
  { irq: uint, is_legacy: bool, ret: int },
  'irq=%u is_legacy=%d ret=%d',
);
export const vectorFreeMoved = lockedEvent(
  'vector_free_moved',
  { irq: uint, cpu: uint, vector: uint, is_managed: bool },
  'irq=%u cpu=%u vector=%u is_managed=%d',
);

/** Interrupts of the system, each with an entry and an exit; the model has irq_work's only. */
function entryAndExit(name: string) {
  return [interrupt(`${name}_entry`), interrupt(`${name}_exit`)];
}

/** All of the group, in a kernel with CONFIG_X86_MCE_AMD and CONFIG_X86_THERMAL_VECTOR. */
export const irqVectorsEvents: readonly TraceEvent[] = lastFirst([
  ...entryAndExit('local_timer'),
  ...entryAndExit('spurious_apic'),
  ...entryAndExit('error_apic'),
  ...entryAndExit('x86_platform_ipi'),
  irqWorkEntry,
  irqWorkExit,
  ...entryAndExit('reschedule'),
  ...entryAndExit('call_function'),
  ...entryAndExit('call_function_single'),
  ...entryAndExit('threshold_apic'),
  ...entryAndExit('deferred_error_apic'),
  ...entryAndExit('thermal_apic'),
  vectorConfig,
  vectorUpdate,
  vectorClear,
  vectorReserveManaged,
  vectorReserve,
  vectorAlloc,
  vectorAllocManaged,
  vectorActivate,
  vectorDeactivate,
  vectorTeardown,
  vectorSetup,
  vectorFreeMoved,
]);
