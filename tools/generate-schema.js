// Writes schema/scenario.schema.json from the schema in src/scenario. Needs a build: npm run schema.
import { writeFileSync } from 'node:fs';
import { builtinLanguage } from '../dist/scenario/language.js';

writeFileSync(new URL('../schema/scenario.schema.json', import.meta.url), builtinLanguage.jsonSchemaText());
