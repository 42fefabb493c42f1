// Writes schema/ from the schemas in src. Needs a build: npm run schema.
import { writeFileSync } from 'node:fs';
import { traceRecordSchemaText } from '../dist/guest/trace-record-schema.js';
import { builtinLanguage } from '../dist/scenario/language.js';

writeFileSync(new URL('../schema/scenario.schema.json', import.meta.url), builtinLanguage.jsonSchemaText());
writeFileSync(new URL('../schema/trace-record.schema.json', import.meta.url), traceRecordSchemaText());
