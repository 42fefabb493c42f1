import type { YamlPlace } from './yaml-place.js';

/** Of a JSON schema, what words come from. */
export interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string | readonly string[];
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

export interface Word {
  readonly label: string;
  readonly description: string;
  /** A key whose value goes into lines below. */
  readonly opens: boolean;
}

/** Words that may stand at a place, in the order of the schema. */
export function wordsAt(schema: JsonSchema, { path, kind }: YamlPlace): readonly Word[] {
  const here = path.reduce((schemas, step) => schemas.flatMap((each) => into(each, step)), expanded(schema));
  const words = kind === 'key' ? here.flatMap(keysOf) : here.flatMap(valuesOf);
  return words.filter(({ label }, at) => words.findIndex((other) => other.label === label) === at);
}

function expanded(schema: JsonSchema): JsonSchema[] {
  const parts = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  return [schema, ...parts.flatMap(expanded)];
}

function into({ properties = {}, additionalProperties, items }: JsonSchema, step: string): JsonSchema[] {
  if (step === '[]') return items === undefined ? [] : expanded(items);
  const own = Object.hasOwn(properties, step) ? properties[step] : undefined;
  const found = own ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
  return found === undefined ? [] : expanded(found);
}

function keysOf({ properties = {} }: JsonSchema): Word[] {
  return Object.entries(properties).map(([label, schema]) => ({
    label,
    description: descriptionOf(schema),
    opens: expanded(schema).every(
      ({ type, oneOf, anyOf }) => type === 'array' || type === 'object' || oneOf || anyOf,
    ),
  }));
}

function descriptionOf(schema: JsonSchema): string {
  return expanded(schema).find(({ description }) => description !== undefined)?.description ?? '';
}

function valuesOf({ enum: choices = [], const: only, type, description = '' }: JsonSchema): Word[] {
  const values = [
    ...choices,
    ...(only === undefined ? [] : [only]),
    ...(type === 'boolean' ? [true, false] : []),
  ];
  return values.map((value) => ({ label: String(value), description, opens: false }));
}
