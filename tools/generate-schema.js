// Writes schema/scenario.schema.json from the schema in src/scenario. Needs a build: npm run schema.
import { writeFileSync } from 'node:fs';
import { scenarioSchemaText } from '../dist/scenario/schema/json-schema.js';

writeFileSync(new URL('../schema/scenario.schema.json', import.meta.url), scenarioSchemaText());
