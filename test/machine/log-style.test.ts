import { expect, test } from '@jest/globals';
import { Clock } from '../../src/machine/clock.js';
import { KernelLog } from '../../src/machine/log.js';
import {
  cpuFirstLogStyle,
  type LogStyle,
  placeFirstLogStyle,
  recordedLogStyle,
} from '../../src/machine/log-style.js';

function warned(style: LogStyle, text?: string): string[] {
  const log = new KernelLog(new Clock(), () => 3);
  log.style = style;
  log.warn('kernel/irq/manage.c', '__enable_irq', text);
  return log.lines.map((line) => line.text);
}

// kernel/panic.c __warn of 6.1, 6.12 and 7.2; lib/bug.c __report_bug for which architectures hand the text on.
const begin = '------------[ cut here ]------------';
const end = '---[ end trace 0000000000000000 ]---';
const text = 'Unbalanced enable for IRQ 24';

test.each([
  ['recorded', recordedLogStyle, [text, 'WARNING: at kernel/irq/manage.c __enable_irq']],
  ['to 6.18', cpuFirstLogStyle, [begin, text, 'WARNING: CPU: 3 at kernel/irq/manage.c __enable_irq', end]],
  [
    '7.2, x86',
    placeFirstLogStyle(false),
    [begin, 'WARNING: kernel/irq/manage.c at __enable_irq, CPU#3', text, end],
  ],
  [
    '7.2, arm64',
    placeFirstLogStyle(true),
    [begin, text, 'WARNING: kernel/irq/manage.c at __enable_irq, CPU#3', end],
  ],
] as const)('a warning in the log: %s', (_name, style, lines) => {
  expect(warned(style, text)).toEqual(lines);
  expect(warned(style)).toEqual(lines.filter((line) => line !== text));
});
