import { describe, expect, test } from '@jest/globals';
import { parseInterrupts, reprintInterrupts } from '../../../src/view/interrupts/parse.js';
import { captureCases } from '../golden.js';

interface Capture {
  id: string;
  arch: string;
  cpus: number;
  labelWidth: number;
  headerTrailing: boolean;
  exact: boolean;
  text: string;
}

const captures = captureCases<Capture>('interrupts');

const archNames: Record<string, string> = { ppc: 'powerpc' };

describe('a capture reads and prints again', () => {
  test.each(captures.map((capture) => [capture.id, capture] as const))('%s', (_, capture) => {
    const parsed = parseInterrupts(capture.text);
    expect(parsed.table.cpus).toHaveLength(capture.cpus);
    expect(parsed.table.labelWidth).toBe(capture.labelWidth);
    expect(reprintInterrupts(parsed)).toBe(capture.text);
    if (capture.exact) expect(parsed.trimmedLines.includes(1)).toBe(!capture.headerTrailing);
    if (parsed.arch !== 'unknown') expect(parsed.arch).toBe(archNames[capture.arch] ?? capture.arch);
  });
});
