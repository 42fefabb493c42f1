import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { JsonFormat } from '../../src/command/json.js';

interface Schema {
  readonly type?: string | readonly string[];
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

/** The schema of a format, as published. */
export function publishedSchema(format: JsonFormat): Schema {
  const file = new URL(`../../schema/json/${format}.schema.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Schema;
}

/** What of a value is not as the schema says, keys that the schema does not know included. */
export function mismatches(format: JsonFormat, value: unknown): readonly string[] {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
  const validate = ajv.compile(closed(publishedSchema(format)));
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message = '', params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** The schema without leave for further keys. */
function closed<T>(schema: T): T {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(closed) as T;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isOpen = 'properties' in inner && inner['additionalProperties'] === undefined;
  return { ...inner, ...(isOpen && { additionalProperties: false }) } as T;
}

/** What a schema promises: each key with its type, `?` behind those that may be missing. */
export function promisesOf(format: JsonFormat): readonly string[] {
  const { definitions = {}, ...schema } = publishedSchema(format);
  const promises = new Set<string>();
  const add = (path: string, schema: Schema): void => {
    if (schema.$ref !== undefined)
      add(path, definitions[decodeURIComponent(schema.$ref.replace('#/definitions/', ''))]);
    else if (schema.anyOf !== undefined) for (const each of schema.anyOf) add(path, each);
    else if (schema.properties !== undefined) {
      for (const [key, inner] of Object.entries(schema.properties))
        add(`${path}.${key}${schema.required?.includes(key) ? '' : '?'}`, inner);
    } else if (schema.items !== undefined) add(`${path}[]`, schema.items);
    else if (typeof schema.additionalProperties === 'object') add(`${path}{}`, schema.additionalProperties);
    else promises.add(`${path.slice(1)}: ${[schema.type ?? 'anything'].flat().join(' | ')}`);
  };
  add('', schema);
  return [...promises].sort();
}
