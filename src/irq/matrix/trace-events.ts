import { bool, int, uint } from '../../trace/c-type.js';
import { lastFirst, rec, TraceEvent } from '../../trace/event.js';
import type { TraceBehaviour } from '../../trace/kernel.js';

// The allocator of vectors (include/trace/events/irq_matrix.h); all of it runs under vector_lock.

const sums = {
  online_maps: uint,
  global_available: uint,
  global_reserved: uint,
  total_allocated: uint,
};
const ofCpu = {
  bit: int,
  cpu: uint,
  online: bool,
  available: uint,
  allocated: uint,
  managed: uint,
  ...sums,
};

function globalEvent(name: string) {
  const print = 'online_maps=%d global_avl=%u, global_rsvd=%u, total_alloc=%u';
  return new TraceEvent(
    'irq_matrix',
    `irq_matrix_${name}`,
    sums,
    print,
    Object.keys(sums).map(rec),
    'spinlock',
  );
}

function cpuEvent(name: string) {
  const print =
    'bit=%d cpu=%u online=%d avl=%u alloc=%u managed=%u online_maps=%u global_avl=%u, global_rsvd=%u, total_alloc=%u';
  return new TraceEvent(
    'irq_matrix',
    `irq_matrix_${name}`,
    ofCpu,
    print,
    Object.keys(ofCpu).map(rec),
    'spinlock',
  );
}

export const irqMatrixOnline = globalEvent('online');
export const irqMatrixOffline = globalEvent('offline');
export const irqMatrixReserve = globalEvent('reserve');
export const irqMatrixRemoveReserved = globalEvent('remove_reserved');
export const irqMatrixAssignSystem = new TraceEvent(
  'irq_matrix',
  'irq_matrix_assign_system',
  { bit: int, ...sums },
  'bit=%d online_maps=%d global_avl=%u, global_rsvd=%u, total_alloc=%u',
  ['bit', ...Object.keys(sums)].map(rec),
  'spinlock',
);
const irqMatrixAllocReserved = cpuEvent('alloc_reserved');
export const irqMatrixReserveManaged = cpuEvent('reserve_managed');
export const irqMatrixRemoveManaged = cpuEvent('remove_managed');
export const irqMatrixAllocManaged = cpuEvent('alloc_managed');
export const irqMatrixAssign = cpuEvent('assign');
export const irqMatrixAlloc = cpuEvent('alloc');
export const irqMatrixFree = cpuEvent('free');

/** All of the group. */
export function irqMatrixEvents({ matrixAllocReservedEvent }: TraceBehaviour): readonly TraceEvent[] {
  return lastFirst([
    irqMatrixOnline,
    irqMatrixOffline,
    irqMatrixReserve,
    irqMatrixRemoveReserved,
    irqMatrixAssignSystem,
    ...(matrixAllocReservedEvent ? [irqMatrixAllocReserved] : []),
    irqMatrixReserveManaged,
    irqMatrixRemoveManaged,
    irqMatrixAllocManaged,
    irqMatrixAssign,
    irqMatrixAlloc,
    irqMatrixFree,
  ]);
}
