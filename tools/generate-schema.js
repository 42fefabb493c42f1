// Writes schema/ from the schemas and types in src. Needs a build: npm run schema.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { jsonVersions } from '../dist/command/json.js';
import { traceRecordSchemaText } from '../dist/guest/trace-record-schema.js';
import { builtinLanguage } from '../dist/scenario/language.js';
import { jsonSchemaTexts } from './json-schemas.js';

const schema = new URL('../schema/', import.meta.url);

writeFileSync(new URL('scenario.schema.json', schema), builtinLanguage.jsonSchemaText());
writeFileSync(new URL('trace-record.schema.json', schema), traceRecordSchemaText());
rmSync(new URL('json/', schema), { recursive: true, force: true });
mkdirSync(new URL('json/', schema));
for (const [format, text] of Object.entries(jsonSchemaTexts(jsonVersions)))
  writeFileSync(new URL(`json/${format}.schema.json`, schema), text);
