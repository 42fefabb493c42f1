import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseScenario } from '../../src/scenario/load.js';

const folder = new URL('../../examples/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

describe('the examples are right:', () => {
  test.each(files)('%s', (name) => {
    const scenario = parseScenario(readFileSync(new URL(name, folder), 'utf8'), name);
    expect(scenario.description).not.toBe('');
    const steps = scenario.timeline.filter((step) => step.describe().startsWith('print '));
    expect([...scenario.print, ...steps]).not.toEqual([]);
  });
});
