import { describe, expect, test } from '@jest/globals';
import { parseInterrupts, reprintInterrupts } from '../../src/view/interrupts-parse.js';
import { goldenCases } from './golden.js';

interface Capture {
  id: string;
  arch: string;
  cpus: number;
  labelWidth: number;
  headerTrailing: boolean;
  exact: boolean;
  text: string;
}

const captures = goldenCases<Capture>('captures-interrupts');

/** The text without the blanks at the end of its header line. */
function withHeaderTrimmed(text: string): string {
  return text.replace(/ +(?=\n)/, '');
}

const archNames: Record<string, string> = { ppc: 'powerpc' };

describe('a capture reads and prints again', () => {
  test.each(captures.map((capture) => [capture.id, capture] as const))('%s', (_, capture) => {
    const parsed = parseInterrupts(capture.text);
    expect(parsed.table.cpus).toHaveLength(capture.cpus);
    expect(parsed.table.labelWidth).toBe(capture.labelWidth);
    const again = reprintInterrupts(parsed);
    if (capture.exact) {
      expect(parsed.trimmedLines.includes(1)).toBe(!capture.headerTrailing);
      expect(again).toBe(capture.text);
    } else {
      expect(withHeaderTrimmed(again)).toBe(withHeaderTrimmed(capture.text));
    }
    if (parsed.arch !== 'unknown') expect(parsed.arch).toBe(archNames[capture.arch] ?? capture.arch);
  });
});
