/**
 * The explorer, what models of races are made of, and the form of a race as `irqlab explore` has it.
 *
 * @module irqlab/explore
 */
export * from './explore/index.js';
export { Completion, sleep, WaitQueue } from './machine/completion.js';
export { Lock, SpinLock } from './machine/lock.js';
export {
  instructionBarrier,
  memoryBarrier,
  MemoryWord,
  readBarrier,
  viewOfLoad,
  writeBarrier,
} from './machine/memory.js';
export {
  atomic_add,
  atomic_add_return,
  atomic_add_return_acquire,
  atomic_add_return_relaxed,
  atomic_add_return_release,
  cmpxchg,
  cmpxchg_acquire,
  cmpxchg_relaxed,
  cmpxchg_release,
  READ_ONCE,
  smp_cond_load_acquire,
  smp_load_acquire,
  smp_mb,
  smp_rmb,
  smp_store_mb,
  smp_store_release,
  smp_wmb,
  WRITE_ONCE,
  xchg,
  xchg_acquire,
  xchg_relaxed,
  xchg_release,
} from './machine/smp.js';
export { SharedCounter, SharedVar } from './machine/shared-var.js';
export {
  checkpoint,
  inFunction,
  type Order,
  type Procedure,
  runAtomic,
  SharedObject,
  SharedWord,
  type Step,
  type View,
} from './machine/step.js';
export { differencesOf, planOf, type PlannedRow } from './races/verdict.js';
export {
  defineRace,
  RACE,
  type Race,
  type RaceOptions,
  type RaceVariant,
  type RaceVerdict,
} from './races/race.js';
