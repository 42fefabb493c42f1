import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { builtinLanguage } from '../../src/scenario/language.js';

test('the published JSON Schema is up to date (npm run schema)', () => {
  const published = readFileSync(new URL('../../schema/scenario.schema.json', import.meta.url), 'utf8');
  expect(published).toBe(builtinLanguage.jsonSchemaText());
});
