import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ScenarioError } from '../../src/scenario/diagnostics.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runs } from '../support/long.js';

const example = readFileSync(new URL('../../examples/cpu-offline.yaml', import.meta.url), 'utf8');

/** Replaces some pieces of a text by others. */
const mutated = fc
  .array(
    fc.tuple(
      fc.nat(example.length),
      fc.nat(12),
      fc.oneof(
        fc.string({ maxLength: 6 }),
        fc.constantFrom('{', '[', ': ', '- ', '*a', '&a ', '!!x ', '"', '\n', '0', '~', '<<: '),
      ),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((edits) =>
    edits.reduce((text, [at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length), example),
  );

test('whatever a file says, it is loaded or every complaint has a place in it', () => {
  fc.assert(
    fc.property(mutated, (text) => {
      try {
        parseScenario(text, 'f');
      } catch (error) {
        if (!(error instanceof ScenarioError)) throw error;
        expect(error.diagnostics.length).toBeGreaterThan(0);
        const lines = text.split('\n');
        for (const { place, message } of error.diagnostics) {
          expect(message).not.toMatch(/undefined|\[object|invalid input/i);
          expect(place.line).toBeGreaterThanOrEqual(1);
          expect(place.line).toBeLessThanOrEqual(lines.length);
          expect(place.column).toBeGreaterThanOrEqual(1);
          expect(place.column).toBeLessThanOrEqual(lines[place.line - 1].length + 1);
        }
      }
    }),
    { numRuns: runs(300, 100) },
  );
});
