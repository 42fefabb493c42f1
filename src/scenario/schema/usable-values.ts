import { z } from 'zod';
import type { ScenarioKeys, ScenarioShape } from './scenario.js';

/** A list in which what is wrong in itself is undefined. */
export type Usable<T> = T extends readonly (infer Item)[] ? readonly (Item | undefined)[] : T;

/** What is usable of a scenario file; wrong values are missing. */
export type UsableValues = { readonly [K in keyof ScenarioKeys]?: Usable<ScenarioKeys[K]> };

/**
 * Reads each value of a scenario file for itself, so that checks of how values fit together can speak even when
 * other values are wrong. What is wrong is left out without a word: the whole schema reports it.
 */
export function usableValues(shape: ScenarioShape, data: unknown): UsableValues {
  if (typeof data !== 'object' || data === null) return {};
  const usable: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries<z.ZodType>(shape)) {
    const value = (data as Record<string, unknown>)[key];
    const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
    usable[key] =
      inner instanceof z.ZodArray && Array.isArray(value)
        ? value.map((item) => z.safeParse(inner.element, item).data)
        : z.safeParse(schema, value).data;
  }
  return usable as UsableValues;
}
