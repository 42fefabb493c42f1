// A second model of how x86 kernels give out vectors, for differential.test.ts. It is written from the kernel's source
// alone and shares nothing with src: one machine as plain data, one function for each of the kernel's, no handlers, no
// time but a number. Masks of CPUs are the bits of a number. Functions are named after those of
// arch/x86/kernel/apic/vector.c, kernel/irq/{matrix,manage,chip,cpuhotplug,migration}.c and drivers that they model.
// It is longer than a file of the project is, so that it can be read from top to bottom.

/** What differs between the kernels that are compared; each is a release's own. */
export interface StraightKernel {
  /** Old vectors are given back by an IPI (before 6.6), not by a timer. */
  readonly cleanupByIpi: boolean;
  /** 0xeb is the kernel's (from 6.10). */
  readonly postedMsi: boolean;
  /** A migration that finds no vector in the mask is tried with all online CPUs. */
  readonly retriesOnline: boolean;
  /** A managed line that is started again may be moved to a housekeeping CPU as well. */
  readonly movesAfterRestart: boolean;
  /** What refuses a write to a line that user space may not move. */
  readonly notMovable: string;
  /** Vectors with gates of the system's (arch/x86/kernel/idt.c). */
  readonly system: readonly number[];
}

export interface StraightCpu {
  online: boolean;
  initialized: boolean;
  available: number;
  allocated: number;
  managed: number;
  managedAllocated: number;
  allocMap: Set<number>;
  managedMap: Set<number>;
  /** Lines whose old vector on this CPU waits to be given back, and when the timer fires. */
  cleanup: StraightLine[];
  cleanupAt: number | undefined;
}

export interface StraightLine {
  irq: number;
  node: number;
  affinity: number;
  effective: number;
  affinitySet: boolean;
  managed: boolean;
  managedShutdown: boolean;
  activated: boolean;
  started: boolean;
  /** irqd_can_reserve. */
  mayReserve: boolean;
  /** IRQD_SETAFFINITY_PENDING, and desc->pending_mask, which outlives it. */
  pending: boolean;
  pendingMask: number;
  actions: number;
  hasFiles: boolean;
  level: boolean;
  remapped: boolean;
  counts: number[];
  // struct apic_chip_data
  vector: number;
  cpu: number;
  prevVector: number;
  prevCpu: number;
  moveInProgress: boolean;
  isManaged: boolean;
  canReserve: boolean;
  hasReserved: boolean;
  cleanupPending: boolean;
}

export interface StraightMachine {
  kernel: StraightKernel;
  now: number;
  cpus: StraightCpu[];
  nodeOf: number[];
  /** Undefined: no CPU is isolated from managed interrupts. */
  housekeeping: number | undefined;
  defaultAffinity: number;
  online: number;
  globalAvailable: number;
  globalReserved: number;
  totalAllocated: number;
  onlineMaps: number;
  system: Set<number>;
  lines: Map<number, StraightLine>;
  /** Failures of migrate_one_irq so far. */
  failedMoves: number;
  log: string[];
}

export const OK = 0;
export const EBUSY = -16;
export const EINVAL = -22;
export const ENOSPC = -28;
const FIRST_EXTERNAL_VECTOR = 0x20;
const NSEC_PER_JIFFY = 4_000_000;

const bit = (cpu: number): number => 1 << cpu;
const first = (mask: number): number => 31 - Math.clz32(mask & -mask);
const cpusOf = (mask: number): number[] =>
  Array.from({ length: 31 }, (_, cpu) => cpu).filter((cpu) => (mask & bit(cpu)) !== 0);

function allocEnd(m: StraightMachine): number {
  return m.kernel.postedMsi ? 0xeb : 0xec;
}

/** Boot: the vectors of the system set aside (lapic_assign_system_vectors, lapic_online). */
export function straightMachine(options: {
  kernel: StraightKernel;
  nodeOf: number[];
  housekeeping: number | undefined;
  online: number;
  pic: boolean;
}): StraightMachine {
  const { kernel, nodeOf, housekeeping, online, pic } = options;
  const all = (1 << nodeOf.length) - 1;
  const m: StraightMachine = {
    kernel,
    now: 0,
    cpus: nodeOf.map(() => ({
      online: false,
      initialized: false,
      available: 0,
      allocated: 0,
      managed: 0,
      managedAllocated: 0,
      allocMap: new Set(),
      managedMap: new Set(),
      cleanup: [],
      cleanupAt: undefined,
    })),
    nodeOf,
    housekeeping,
    defaultAffinity: all,
    online,
    globalAvailable: 0,
    globalReserved: 0,
    totalAllocated: 0,
    onlineMaps: 0,
    system: new Set(kernel.system),
    lines: new Map(),
    failedMoves: 0,
    log: [],
  };
  if (pic) m.system.add(0x30 + 2);
  for (const cpu of cpusOf(online)) irqMatrixOnline(m, cpu);
  return m;
}

/** setup_IO_APIC_irqs of a pin that ACPI says is an ISA interrupt's; with a PIC its descriptor is of the first node. */
export function isaLine(
  m: StraightMachine,
  irq: number,
  level: boolean,
  pic: boolean,
  remapped: boolean,
): void {
  allocLine(m, { irq, node: pic ? 0 : -1, level, remapped, hasFiles: true });
}

// kernel/irq/matrix.c

function systemBitsInAlloc(m: StraightMachine): number {
  return [...m.system].filter((vector) => vector >= FIRST_EXTERNAL_VECTOR && vector < allocEnd(m)).length;
}

function irqMatrixOnline(m: StraightMachine, cpu: number): void {
  const cm = m.cpus[cpu];
  if (!cm.initialized) {
    cm.available = allocEnd(m) - FIRST_EXTERNAL_VECTOR - cm.managed - systemBitsInAlloc(m);
    cm.initialized = true;
  }
  m.globalAvailable += cm.available;
  cm.online = true;
  m.onlineMaps++;
}

function irqMatrixOffline(m: StraightMachine, cpu: number): void {
  const cm = m.cpus[cpu];
  m.globalAvailable -= cm.available;
  cm.online = false;
  m.onlineMaps--;
}

function matrixAllocArea(m: StraightMachine, cm: StraightCpu): number {
  for (let vector = FIRST_EXTERNAL_VECTOR; vector < allocEnd(m); vector++) {
    if (!m.system.has(vector) && !cm.allocMap.has(vector) && !cm.managedMap.has(vector)) return vector;
  }
  return ENOSPC;
}

function firstManagedUnallocated(cm: StraightCpu): number {
  const unallocated = [...cm.managedMap].filter((vector) => !cm.allocMap.has(vector));
  return unallocated.length === 0 ? ENOSPC : Math.min(...unallocated);
}

function irqMatrixReserveManaged(m: StraightMachine, mask: number): number {
  const done: number[] = [];
  for (const cpu of cpusOf(mask)) {
    const cm = m.cpus[cpu];
    const vector = matrixAllocArea(m, cm);
    if (vector < 0) {
      for (const undo of done) irqMatrixRemoveManaged(m, bit(undo));
      return ENOSPC;
    }
    cm.managedMap.add(vector);
    cm.managed++;
    if (cm.online) {
      cm.available--;
      m.globalAvailable--;
    }
    done.push(cpu);
  }
  return OK;
}

function irqMatrixRemoveManaged(m: StraightMachine, mask: number): void {
  for (const cpu of cpusOf(mask)) {
    const cm = m.cpus[cpu];
    const vector = firstManagedUnallocated(cm);
    if (vector < 0) continue;
    cm.managedMap.delete(vector);
    cm.managed--;
    if (cm.online) {
      cm.available++;
      m.globalAvailable++;
    }
  }
}

function irqMatrixAllocManaged(m: StraightMachine, mask: number): { vector: number; cpu: number } {
  if (mask === 0) return { vector: EINVAL, cpu: -1 };
  let best = -1;
  for (const cpu of cpusOf(mask)) {
    const cm = m.cpus[cpu];
    // The last one of those with as few.
    if (cm.online && (best < 0 || cm.managedAllocated <= m.cpus[best].managedAllocated)) best = cpu;
  }
  if (best < 0) return { vector: ENOSPC, cpu: -1 };
  const cm = m.cpus[best];
  const vector = firstManagedUnallocated(cm);
  if (vector < 0) return { vector, cpu: -1 };
  cm.allocMap.add(vector);
  cm.allocated++;
  cm.managedAllocated++;
  m.totalAllocated++;
  return { vector, cpu: best };
}

function irqMatrixReserve(m: StraightMachine): void {
  if (m.globalReserved === m.globalAvailable) m.log.push('Interrupt reservation exceeds available resources');
  m.globalReserved++;
}

function irqMatrixAlloc(
  m: StraightMachine,
  mask: number,
  reserved: boolean,
): { vector: number; cpu: number } {
  if (mask === 0) return { vector: EINVAL, cpu: -1 };
  let best = -1;
  for (const cpu of cpusOf(mask)) {
    const cm = m.cpus[cpu];
    if (cm.online && cm.available > (best < 0 ? 0 : m.cpus[best].available)) best = cpu;
  }
  if (best < 0) return { vector: ENOSPC, cpu: -1 };
  const cm = m.cpus[best];
  const vector = matrixAllocArea(m, cm);
  if (vector < 0) return { vector, cpu: -1 };
  cm.allocMap.add(vector);
  cm.allocated++;
  cm.available--;
  m.totalAllocated++;
  m.globalAvailable--;
  if (reserved) m.globalReserved--;
  return { vector, cpu: best };
}

function irqMatrixFree(m: StraightMachine, cpu: number, vector: number, managed: boolean): void {
  const cm = m.cpus[cpu];
  if (!cm.allocMap.delete(vector)) throw new Error(`vector ${vector} of CPU ${cpu} is not allocated`);
  cm.allocated--;
  if (managed) cm.managedAllocated--;
  if (cm.online) m.totalAllocated--;
  if (!managed) {
    cm.available++;
    if (cm.online) m.globalAvailable++;
  }
}

// arch/x86/kernel/apic/vector.c

function apicUpdateVector(m: StraightMachine, d: StraightLine, vector: number, cpu: number): void {
  d.prevVector = 0;
  if (d.vector !== 0) {
    if ((m.online & bit(d.cpu)) !== 0) {
      d.moveInProgress = true;
      d.prevVector = d.vector;
      d.prevCpu = d.cpu;
    } else {
      irqMatrixFree(m, d.cpu, d.vector, d.managed);
    }
  }
  d.vector = vector;
  d.cpu = cpu;
  d.effective = bit(cpu);
}

function vectorAssignManagedShutdown(m: StraightMachine, d: StraightLine): void {
  d.effective = bit(first(m.online));
}

function reserveIrqVector(m: StraightMachine, d: StraightLine): void {
  irqMatrixReserve(m);
  d.canReserve = true;
  d.hasReserved = true;
  d.mayReserve = true;
  vectorAssignManagedShutdown(m, d);
}

function assignVectorLocked(m: StraightMachine, d: StraightLine, dest: number): number {
  if (d.vector !== 0 && (m.online & bit(d.cpu)) !== 0 && (dest & bit(d.cpu)) !== 0) return OK;
  if (d.moveInProgress || d.cleanupPending) return EBUSY;
  const { vector, cpu } = irqMatrixAlloc(m, dest, d.hasReserved);
  if (vector < 0) return vector;
  apicUpdateVector(m, d, vector, cpu);
  return OK;
}

function nodeMask(m: StraightMachine, node: number): number {
  // cpumask_of_node has CPUs that are online.
  return m.nodeOf.reduce((mask, of, cpu) => (of === node ? mask | bit(cpu) : mask), 0) & m.online;
}

function assignIrqVectorAny(m: StraightMachine, d: StraightLine): number {
  if (d.node !== -1 && assignVectorLocked(m, d, nodeMask(m, d.node) & d.affinity) === OK) return OK;
  if (assignVectorLocked(m, d, d.affinity & m.online) === OK) return OK;
  if (d.node !== -1 && assignVectorLocked(m, d, nodeMask(m, d.node)) === OK) return OK;
  return assignVectorLocked(m, d, m.online);
}

function assignManagedVector(m: StraightMachine, d: StraightLine, dest: number): number {
  const search = dest & d.affinity;
  if (d.vector !== 0 && (search & bit(d.cpu)) !== 0) return OK;
  const { vector, cpu } = irqMatrixAllocManaged(m, search);
  if (vector < 0) return vector;
  apicUpdateVector(m, d, vector, cpu);
  return OK;
}

function clearIrqVector(m: StraightMachine, d: StraightLine): void {
  if (d.vector === 0) return;
  irqMatrixFree(m, d.cpu, d.vector, d.managed);
  d.vector = 0;
  if (d.prevVector === 0) return;
  irqMatrixFree(m, d.prevCpu, d.prevVector, d.managed);
  d.prevVector = 0;
  d.moveInProgress = false;
  unhash(m, d);
}

function unhash(m: StraightMachine, d: StraightLine): void {
  d.cleanupPending = false;
  for (const cm of m.cpus) cm.cleanup = cm.cleanup.filter((queued) => queued !== d);
}

function x86VectorActivate(m: StraightMachine, d: StraightLine, reserve: boolean): number {
  if (!d.canReserve && !d.isManaged) {
    assignIrqVectorAny(m, d);
    return OK;
  }
  if (reserve || (d.managed && d.managedShutdown)) {
    vectorAssignManagedShutdown(m, d);
    return OK;
  }
  if (d.isManaged) return assignManagedVector(m, d, d.affinity & m.online);
  if (!d.hasReserved) return OK;
  const ret = assignIrqVectorAny(m, d);
  if (ret === OK) {
    d.hasReserved = false;
    if (!d.mayReserve) d.canReserve = false;
  }
  if ((d.effective & ~d.affinity) !== 0)
    m.log.push(`irq ${d.irq}: Affinity broken due to vector space exhaustion.`);
  return ret;
}

function x86VectorDeactivate(m: StraightMachine, d: StraightLine): void {
  if (!d.isManaged && !d.canReserve) return;
  if (d.hasReserved) return;
  clearIrqVector(m, d);
  if (d.canReserve) reserveIrqVector(m, d);
  else vectorAssignManagedShutdown(m, d);
}

function apicSetAffinity(m: StraightMachine, d: StraightLine, dest: number): number {
  const ret = d.managed
    ? assignManagedVector(m, d, dest & m.online)
    : assignVectorLocked(m, d, dest & m.online);
  // intel_ir_set_affinity: the table is rewritten at once, so the old vector may go.
  if (ret === OK && d.remapped) scheduleCleanup(m, d);
  return ret;
}

function freeMovedVector(m: StraightMachine, d: StraightLine): void {
  irqMatrixFree(m, d.prevCpu, d.prevVector, d.isManaged);
  unhash(m, d);
  d.prevVector = 0;
  d.moveInProgress = false;
}

function scheduleCleanup(m: StraightMachine, d: StraightLine): void {
  if (!d.moveInProgress) return;
  d.moveInProgress = false;
  if ((m.online & bit(d.prevCpu)) === 0) {
    m.log.push(`IRQ ${d.irq} schedule cleanup for offline CPU ${d.prevCpu}`);
    freeMovedVector(m, d);
    return;
  }
  const cm = m.cpus[d.prevCpu];
  d.cleanupPending = true;
  cm.cleanup.unshift(d);
  cm.cleanupAt ??= m.kernel.cleanupByIpi ? m.now : (Math.floor(m.now / NSEC_PER_JIFFY) + 1) * NSEC_PER_JIFFY;
}

/** What IPIs and timers do until `now`, once all that runs has come to rest. */
export function settle(m: StraightMachine, now: number): void {
  m.now = now;
  for (const cm of m.cpus) {
    if (cm.cleanupAt === undefined || cm.cleanupAt > now) continue;
    cm.cleanupAt = undefined;
    for (const d of cm.cleanup) freeMovedVector(m, d);
  }
}

/** A task lets go of its locks: other CPUs, and this one, take the IPIs that they were sent. */
function takeIpis(m: StraightMachine): void {
  if (m.kernel.cleanupByIpi) settle(m, m.now);
}

function irqForceCompleteMove(m: StraightMachine, d: StraightLine, dying: number): void {
  if (d.prevVector === 0 || (d.cpu !== dying && d.prevCpu !== dying)) return;
  if (d.moveInProgress) m.log.push(`IRQ fixup: irq ${d.irq} move in progress, old vector ${d.prevVector}`);
  freeMovedVector(m, d);
}

// kernel/irq: chip.c, manage.c, migration.c

function irqDoSetAffinity(m: StraightMachine, d: StraightLine, mask: number): number {
  let program = mask;
  if (d.managed && m.housekeeping !== undefined && (mask & m.housekeeping & m.online) !== 0)
    program = mask & m.housekeeping;
  const online = program & m.online;
  const ret = online === 0 ? EINVAL : apicSetAffinity(m, d, online);
  if (ret === OK) d.affinity = mask;
  return ret;
}

function irqSetupAffinity(m: StraightMachine, d: StraightLine): void {
  let set = m.defaultAffinity;
  if (d.managed || d.affinitySet) {
    if ((d.affinity & m.online) !== 0) set = d.affinity;
    else d.affinitySet = false;
  }
  let mask = m.online & set;
  if (mask === 0) mask = m.online;
  if (d.node !== -1 && (mask & nodeMask(m, d.node)) !== 0) mask &= nodeMask(m, d.node);
  irqDoSetAffinity(m, d, mask);
}

function irqDomainActivateIrq(m: StraightMachine, d: StraightLine): number {
  if (d.activated) return OK;
  const ret = x86VectorActivate(m, d, false);
  if (ret === OK) d.activated = true;
  return ret;
}

function irqDomainDeactivateIrq(m: StraightMachine, d: StraightLine): void {
  if (!d.activated) return;
  x86VectorDeactivate(m, d);
  d.activated = false;
}

function irqStartup(m: StraightMachine, d: StraightLine): void {
  if (d.started) return;
  if (d.managed) {
    d.managedShutdown = false;
    if ((d.affinity & m.online) === 0 || irqDomainActivateIrq(m, d) !== OK) {
      d.managedShutdown = true;
      return;
    }
    irqDoSetAffinity(m, d, d.affinity);
  } else {
    irqSetupAffinity(m, d);
  }
  d.started = true;
  takeIpis(m);
}

/** request_irq, shared if there are others. */
export function requestIrq(m: StraightMachine, irq: number): number {
  const d = lineOf(m, irq);
  if (d.actions === 0) {
    const ret = d.managed ? OK : irqDomainActivateIrq(m, d);
    if (ret !== OK) return ret;
    irqStartup(m, d);
  }
  d.actions++;
  d.hasFiles = true;
  return OK;
}

export function freeIrq(m: StraightMachine, irq: number): void {
  const d = lineOf(m, irq);
  d.actions--;
  if (d.actions > 0) return;
  d.started = false;
  irqDomainDeactivateIrq(m, d);
}

/** irq_set_affinity_locked. */
export function irqSetAffinity(m: StraightMachine, irq: number, mask: number): number {
  const d = lineOf(m, irq);
  if (!d.activated) {
    d.affinity = mask;
    d.effective = mask;
    d.affinitySet = true;
    return OK;
  }
  // Without IRQ_MOVE_PCNTXT, or behind a move that waits, the next interrupt makes the move.
  let ret = d.remapped && !d.pending ? irqDoSetAffinity(m, d, mask) : EBUSY;
  if (ret === EBUSY) {
    d.pending = true;
    d.pendingMask = mask;
    ret = OK;
  }
  d.affinitySet = true;
  takeIpis(m);
  return ret;
}

/** A write to /proc/irq/N/smp_affinity: '' or the errno. */
export function writeAffinity(m: StraightMachine, irq: number, mask: number): string {
  const d = lineOf(m, irq);
  if (!d.hasFiles) return 'ENOENT';
  if (d.managed) return m.kernel.notMovable;
  if ((mask & m.online) === 0) return 'EINVAL';
  return errnoName(irqSetAffinity(m, irq, mask));
}

export function errnoName(ret: number): string {
  const names: Record<number, string> = {
    [OK]: '',
    [EBUSY]: 'EBUSY',
    [EINVAL]: 'EINVAL',
    [ENOSPC]: 'ENOSPC',
  };
  return names[ret] ?? String(ret);
}

export function writeDefaultAffinity(m: StraightMachine, mask: number): string {
  if ((mask & m.online) === 0) return 'EINVAL';
  m.defaultAffinity = mask;
  return '';
}

function irqMoveMaskedIrq(m: StraightMachine, d: StraightLine): void {
  if (!d.pending) return;
  d.pending = false;
  if (d.pendingMask === 0) return;
  if ((d.pendingMask & m.online) !== 0 && irqDoSetAffinity(m, d, d.pendingMask) === EBUSY) {
    d.pending = true;
    return;
  }
  d.pendingMask = 0;
}

/** A device's interrupt arrives at the line's CPU, is handled and ends (handle_edge_irq, handle_fasteoi_irq). */
export function raise(m: StraightMachine, irq: number): void {
  const d = lineOf(m, irq);
  if (!d.started || d.vector === 0) return;
  const cpu = d.cpu;
  d.counts[cpu]++;
  // apic_ack_edge, ioapic_ack_level; behind remapping (apic_ack_irq) no move is left to complete.
  if (d.moveInProgress && d.cpu === cpu && !d.remapped) scheduleCleanup(m, d);
  irqMoveMaskedIrq(m, d);
  takeIpis(m);
}

// Lines come and go.

/** __irq_domain_alloc_irqs up to x86_vector_alloc_irqs, and msi_init_virq. */
export function allocLine(
  m: StraightMachine,
  options: {
    irq: number;
    node: number;
    level: boolean;
    remapped: boolean;
    hasFiles?: boolean;
    msi?: boolean;
    /** Of the descriptor, from irq_create_affinity_masks. */
    affinity?: { mask: number; managed: boolean };
  },
): number {
  const { irq, level, remapped, affinity, hasFiles = false, msi = false } = options;
  const d: StraightLine = {
    irq,
    node: affinity === undefined ? options.node : m.nodeOf[first(affinity.mask)],
    affinity: affinity?.mask ?? m.defaultAffinity,
    effective: 0,
    affinitySet: affinity !== undefined,
    managed: affinity?.managed ?? false,
    managedShutdown: affinity?.managed ?? false,
    activated: false,
    started: false,
    mayReserve: false,
    pending: false,
    pendingMask: 0,
    actions: 0,
    hasFiles,
    level,
    remapped,
    counts: m.nodeOf.map(() => 0),
    vector: 0,
    cpu: 0,
    prevVector: 0,
    prevCpu: 0,
    moveInProgress: false,
    isManaged: false,
    canReserve: false,
    hasReserved: false,
    cleanupPending: false,
  };
  if (d.managed) {
    d.isManaged = true;
    const ret = irqMatrixReserveManaged(m, d.affinity);
    if (ret !== OK) return ret;
  } else {
    reserveIrqVector(m, d);
  }
  m.lines.set(irq, d);
  if (msi) vectorAssignManagedShutdown(m, d);
  return OK;
}

/** x86_vector_free_irqs. */
export function freeLine(m: StraightMachine, irq: number): void {
  const d = lineOf(m, irq);
  irqDomainDeactivateIrq(m, d);
  clearIrqVector(m, d);
  if (d.hasReserved) m.globalReserved--;
  if (d.isManaged) irqMatrixRemoveManaged(m, d.affinity);
  m.lines.delete(irq);
}

export function lineOf(m: StraightMachine, irq: number): StraightLine {
  const d = m.lines.get(irq);
  if (d === undefined) throw new Error(`there is no line ${irq}`);
  return d;
}

// CPUs come and go.

const inOrder = (m: StraightMachine): StraightLine[] => [...m.lines.values()].sort((a, b) => a.irq - b.irq);

/** migrate_one_irq. */
function migrateOneIrq(m: StraightMachine, d: StraightLine, dying: number): void {
  irqForceCompleteMove(m, d, dying);
  if ((d.pendingMask & m.online) === 0) d.pending = false;
  if (!d.started || (d.effective & bit(dying)) === 0) return;
  let affinity = d.affinity;
  if (d.pending) {
    affinity = d.pendingMask;
    d.pending = false;
  }
  let isAllOnline = false;
  if ((affinity & m.online) === 0) {
    if (d.managed) {
      d.managedShutdown = true;
      d.started = false;
      irqDomainDeactivateIrq(m, d);
      return;
    }
    affinity = m.online;
    isAllOnline = true;
  }
  let err = irqDoSetAffinity(m, d, affinity);
  if (m.kernel.retriesOnline && err === ENOSPC && !d.managed && !isAllOnline)
    err = irqDoSetAffinity(m, d, m.online);
  // pr_warn_ratelimited: ten in five seconds, which no sequence takes.
  if (err !== OK && m.failedMoves++ < 10) m.log.push(`IRQ${d.irq}: set affinity failed(${err}).`);
}

/** native_cpu_disable: lapic_can_unplug_cpu, then fixup_irqs and lapic_offline. '' or the errno. */
export function cpuDisable(m: StraightMachine, cpu: number): string {
  const cm = m.cpus[cpu];
  const toMove = cm.allocated - cm.managedAllocated;
  const available = m.globalAvailable - cm.available;
  if (available < toMove) {
    m.log.push(`CPU ${cpu} has ${toMove} vectors, ${available} available. Cannot disable CPU`);
    return 'ENOSPC';
  }
  if (available < m.globalReserved)
    m.log.push(`Reserved vectors ${m.globalReserved} > available ${available}. IRQ request may fail`);
  m.online &= ~bit(cpu);
  for (const d of inOrder(m)) migrateOneIrq(m, d, cpu);
  for (const d of cm.cleanup) freeMovedVector(m, d);
  cm.cleanupAt = undefined;
  irqMatrixOffline(m, cpu);
  return '';
}

export function cpuStarting(m: StraightMachine, cpu: number): void {
  irqMatrixOnline(m, cpu);
  m.online |= bit(cpu);
}

/** irq_affinity_online_cpu, also when a CPU that was to go stays. */
export function irqAffinityOnlineCpu(m: StraightMachine, cpu: number): void {
  for (const d of inOrder(m)) {
    if (!d.managed || d.actions === 0 || (d.affinity & bit(cpu)) === 0) continue;
    if (d.managedShutdown) {
      irqStartup(m, d);
      if (!m.kernel.movesAfterRestart) continue;
    }
    const hk = m.housekeeping;
    if (hk === undefined || (d.effective & ~hk) === 0 || (hk & bit(cpu)) === 0) continue;
    irqSetAffinity(m, d.irq, d.affinity);
  }
}

// What the files say.

const list = (numbers: readonly number[]): string => {
  const runs: string[] = [];
  const sorted = [...numbers].sort((a, b) => a - b);
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (end + 1 < sorted.length && sorted[end + 1] === sorted[end] + 1) end++;
    runs.push(i === end ? `${sorted[i]}` : `${sorted[i]}-${sorted[end]}`);
    i = end + 1;
  }
  return runs.join(',');
};

/** /sys/kernel/debug/irq/domains/VECTOR from `Online bitmaps` on. */
export function matrixText(m: StraightMachine): string {
  const n = (value: number, width: number): string => String(value).padStart(width);
  const rows = cpusOf(m.online).map((cpu) => {
    const cm = m.cpus[cpu];
    const counts = `${n(cm.available, 4)}  ${n(cm.managed, 4)}  ${n(cm.managedAllocated, 4)} ${n(cm.allocated, 4)}`;
    return `  ${n(cpu, 4)}  ${counts}  ${list([...cm.allocMap])}\n`;
  });
  return [
    `Online bitmaps:   ${n(m.onlineMaps, 6)}\n`,
    `Global available: ${n(m.globalAvailable, 6)}\n`,
    `Global reserved:  ${n(m.globalReserved, 6)}\n`,
    `Total allocated:  ${n(m.totalAllocated, 6)}\n`,
    `System: ${m.system.size}: ${list([...m.system])}\n`,
    ' | CPU | avl | man | mac | act | vectors\n',
    ...rows,
  ].join('');
}

/** What x86_vector_debug_show says of a line, without indentation. */
export function vectorText(d: StraightLine): string[] {
  const flag = (value: boolean): number => (value ? 1 : 0);
  const previous =
    d.prevVector === 0
      ? []
      : [
          `Previous vector: ${String(d.prevVector).padStart(5)}`,
          `Previous target: ${String(d.prevCpu).padStart(5)}`,
        ];
  return [
    `Vector: ${String(d.vector).padStart(5)}`,
    `Target: ${String(d.cpu).padStart(5)}`,
    ...previous,
    `move_in_progress: ${flag(d.moveInProgress)}`,
    `is_managed:       ${flag(d.isManaged)}`,
    `can_reserve:      ${flag(d.canReserve)}`,
    `has_reserved:     ${flag(d.hasReserved)}`,
    `cleanup_pending:  ${flag(d.cleanupPending)}`,
  ];
}
