import { expect, test } from '@jest/globals';
import { IrqMatrix } from '../../../src/irq/index.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { irqMatrixText } from '../../../src/irq/matrix/show.js';
import { Lab } from '../../irq/lab.js';

/** Columns by the formats of kernel/irq/matrix.c irq_matrix_debug_show. */
test('the matrix in debugfs', () => {
  const { core } = new Lab();
  const matrix = new IrqMatrix(core, 2, { matrixBits: 256, allocStart: 32, allocEnd: 236 });
  for (const bit of [0, 1, 2, 3, 50, 128, 236]) matrix.assignSystem(0, bit, false);
  matrix.online(0);
  matrix.online(1);
  const cpu1 = CpuMask.of(2, [1]);
  matrix.reserveManaged(cpu1);
  matrix.allocManaged(cpu1);
  for (let i = 0; i < 3; i++) matrix.alloc(cpu1, false);
  matrix.free(1, 34, false);
  matrix.reserve();
  expect(irqMatrixText(matrix, core.machine.online.and(CpuMask.of(4, [0, 1])), 1)).toBe(
    [
      'Online bitmaps:        2',
      'Global available:    401',
      'Global reserved:       1',
      'Total allocated:       3',
      'System: 7: 0-3,50,128,236',
      ' | CPU | avl | man | mac | act | vectors',
      '     0   202     0     0    0  ',
      '     1   199     1     1    3  32-33,35',
      '',
    ].join('\n'),
  );
  expect(irqMatrixText(matrix, new CpuMask(2), 0).split('\n')[5]).toBe(
    ' | CPU | avl | man | mac | act | vectors',
  );
});
