import type { CpuCounts } from './counts.js';

/** Forms that /proc/interrupts has had, named by the first or best known kernel with it. */
export const interruptsForms = ['2.6.18', '3.18', '6.1', '6.12', '6.13', '7.2'] as const;
/** Architectures whose rows in /proc/interrupts differ. */
export const interruptsArchs = [
  'x86',
  'arm',
  'arm64',
  'loongarch',
  'csky',
  'mips',
  'parisc',
  'powerpc',
  'riscv',
  's390',
  'unknown',
] as const;

/** How /proc/interrupts is shown, where kernel and architecture of the guest do not say so. */
export interface ProcInterruptsOptions {
  /** Default: the form of the guest's kernel. */
  readonly form?: (typeof interruptsForms)[number];
  /** Default: the guest's architecture. */
  readonly arch?: (typeof interruptsArchs)[number];
  /** Whether there is a Level/Edge column; default: as usual for the architecture. */
  readonly levelColumn?: boolean;
  /** Width that the chip column of form 7.2 has at least; default 8. */
  readonly chipWidth?: number;
}

/** A row of /proc/interrupts that has a name instead of a number. */
export interface ArchitectureRowOptions {
  readonly label: string;
  readonly text?: string;
  /** A count for each CPU, or `total`; a row without either is only a text. */
  readonly counts?: CpuCounts;
  /** One number for the whole machine. */
  readonly total?: number;
  /** Blanks before the first count's ten columns and behind the last count; default: the architecture's. */
  readonly lead?: number;
  readonly gap?: number;
  /** True for a row above the interrupts. */
  readonly above?: boolean;
}
