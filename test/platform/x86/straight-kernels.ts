import type { StraightKernel } from './straight-model.js';

// arch/x86/kernel/idt.c def_idts, apic_idts and, of Hyper-V, cpu/mshyperv.c; include/asm/irq_vectors.h.
const EXCEPTIONS = [...Array.from({ length: 22 }, (_, vector) => vector), 29];
const SYSTEM = [
  ...EXCEPTIONS,
  0x80,
  ...[0xec, 0xed, 0xee, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4],
  ...[0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff],
];

export const kernels: Record<'6.1' | '6.12' | '7.2', StraightKernel> = {
  '6.1': {
    cleanupByIpi: true,
    postedMsi: false,
    retriesOnline: false,
    movesAfterRestart: false,
    notMovable: 'EIO',
    system: [0x20, ...SYSTEM],
  },
  '6.12': {
    cleanupByIpi: false,
    postedMsi: true,
    retriesOnline: true,
    movesAfterRestart: true,
    notMovable: 'EPERM',
    system: SYSTEM,
  },
  '7.2': {
    cleanupByIpi: false,
    postedMsi: true,
    retriesOnline: true,
    movesAfterRestart: true,
    notMovable: 'EPERM',
    system: [...SYSTEM, 0xf5],
  },
};
