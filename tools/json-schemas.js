// JSON Schemas of what commands print with --json, from their types: src/types/json.ts.
import { fileURLToPath } from 'node:url';
import {
  createFormatter,
  createParser,
  createProgram,
  NumberType,
  SchemaGenerator,
} from 'ts-json-schema-generator';

const root = new URL('../', import.meta.url);

/** @type {import('ts-json-schema-generator').CompletedConfig} */
const config = {
  path: fileURLToPath(new URL('src/types/json.ts', root)),
  tsconfig: fileURLToPath(new URL('tsconfig.json', root)),
  skipTypeCheck: true,
  // Keys may be added without another version (docs/json.md).
  additionalProperties: true,
  expose: 'export',
  jsDoc: 'extended',
  topRef: false,
  sortProps: false,
  strictTuples: false,
  encodeRefs: true,
  minify: false,
  markdownDescription: false,
  fullDescription: false,
  extraTags: [],
  functions: 'hide',
  discriminatorType: 'json-schema',
};

/** Numbers with a meaning (src/lib/brand.ts) are numbers. */
const brands = {
  supportsNode: ({ typeName }) => typeName?.escapedText === 'Brand',
  createType: () => new NumberType(),
};

/**
 * The text of the schema of each format.
 *
 * @param {typeof import('../src/command/json.js').jsonVersions} jsonVersions
 * @returns {Record<string, string>}
 */
export function jsonSchemaTexts(jsonVersions) {
  const program = createProgram(config);
  const parser = createParser(program, config, (chain) => chain.addNodeParser(brands));
  const generator = new SchemaGenerator(program, parser, createFormatter(config), config);
  return Object.fromEntries(
    Object.keys(jsonVersions).map((format) => {
      const { $schema, ...schema } = generator.createSchema(typeName(format));
      const title = `irqlab-${format}, version ${jsonVersions[format]}`;
      return [format, `${JSON.stringify({ $schema, title, ...schema }, undefined, 2)}\n`];
    }),
  );
}

/** `explore-list` is the type ExploreListJson. */
function typeName(format) {
  return `${format.replace(/(^|-)(.)/g, (_, __, letter) => letter.toUpperCase())}Json`;
}
