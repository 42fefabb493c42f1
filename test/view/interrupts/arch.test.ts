import { describe, expect, test } from '@jest/globals';
import {
  type ArchCounts,
  type ArchInterrupts,
  archRows,
  rowOfCpus,
} from '../../../src/view/interrupts/arch.js';
import { printInterrupts } from '../../../src/view/interrupts/print.js';

function machine(arch: ArchInterrupts['arch'], ...sources: ArchCounts[]): ArchInterrupts {
  return { arch, sources: () => sources };
}

const ipi = { label: 'IPI0', text: 'Rescheduling interrupts', counts: [1, 2, 3] };
const err = { label: 'Err', text: '', counts: [4, 0, 1], single: true };
const last = { label: 'IPI7', text: 'KGDB roundup interrupts', counts: [0, 0, 9] };

function lines(
  architecture: ArchInterrupts,
  form: '6.1' | '6.12' | '6.13' | '7.2',
  width: number,
  cpus: readonly number[] = [0, 2],
): string[] {
  const { above, below } = archRows(architecture, form, width);
  const rows = [...above, ...below].map((row) => rowOfCpus(row, cpus));
  return printInterrupts({ cpus, labelWidth: width, chipWidth: 8, rows }, form).split('\n').slice(1, -1);
}

// arch/arm64/kernel/smp.c arch_show_interrupts: to 6.12 a blank before the counts only where the first column is four
// wide or more, "      %s" behind "%10u "; in 7.2 always ": ", and " %s" behind the counts.
describe('rows of arm64', () => {
  test('a first column of three: the counts begin at the colon', () => {
    expect(lines(machine('arm64', ipi, err, last), '6.12', 3)).toEqual([
      'IPI0:         1          3       Rescheduling interrupts',
      'Err:          5',
      'IPI7:         0          9       KGDB roundup interrupts',
    ]);
  });

  test('a first column of four: one blank more', () => {
    expect(lines(machine('arm64', ipi, err), '6.1', 4)).toEqual([
      'IPI0:          1          3       Rescheduling interrupts',
      ' Err:          5',
    ]);
  });

  test('7.2: one blank before the text; the errors stay one number in their place', () => {
    expect(lines(machine('arm64', ipi, err, last), '7.2', 4)).toEqual([
      'IPI0:          1          3  Rescheduling interrupts',
      ' Err:          5',
      'IPI7:          0          9  KGDB roundup interrupts',
    ]);
  });

  test('the errors of CPUs that are off count; the others have no column', () => {
    expect(lines(machine('arm64', ipi, err), '6.12', 4, [1])).toEqual([
      'IPI0:          2       Rescheduling interrupts',
      ' Err:          5',
    ]);
  });
});

// arch/x86/kernel/irq.c arch_show_interrupts.
describe('rows of x86', () => {
  const nmi = { label: 'NMI', text: 'Non-maskable interrupts', counts: [1, 2, 3] };
  const errors = { label: 'ERR', text: '', counts: [2, 0, 0], single: true };

  test('to 6.18 the errors are one number where they stand', () => {
    expect(lines(machine('x86', errors, nmi), '6.13', 3)).toEqual([
      'ERR:          2',
      'NMI:          1          3   Non-maskable interrupts',
    ]);
  });

  test('in 7.2 they are counts with a text, at the end, once there was one', () => {
    const since = (counts: readonly number[]): string[] =>
      lines(machine('x86', { ...errors, counts }, nmi), '7.2', 4);
    expect(since([2, 0, 0])).toEqual([
      ' NMI:          1          3  Non-maskable interrupts',
      ' ERR:          2          0  PIC/APIC error interrupts',
    ]);
    expect(since([0, 0, 0])).toHaveLength(1);
    // The one that was counted may be on a CPU that is off.
    expect(since([0, 1, 0])).toHaveLength(2);
  });

  test('a row of what is not installed is none', () => {
    const absent = { ...nmi, label: 'HRE', isInstalled: () => false };
    const present = { ...nmi, isInstalled: () => true };
    expect(lines(machine('x86', absent, present), '6.12', 3)).toHaveLength(1);
  });
});

describe('rows of other machines', () => {
  test('may stand above the interrupts', () => {
    const row = { label: 'EXT', text: '', counts: [7, 0, 0] };
    const { above, below } = archRows(machine('s390', { ...row, above: true }, row), '6.12', 3);
    expect([above.length, below.length]).toEqual([1, 1]);
  });

  test('may have no counts', () => {
    const { below } = archRows(machine('powerpc', { label: 'BAD', text: '', counts: [] }), '6.12', 3);
    expect(below).toEqual([{ kind: 'arch', label: 'BAD', counts: [], text: '', lead: 1, gap: 3 }]);
  });
});
