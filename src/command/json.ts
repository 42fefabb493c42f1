/**
 * What commands print with --json, and the version of each: it goes up when something is taken away or means something
 * else. What is added changes nothing for those who read the rest (docs/json.md).
 */
export const jsonVersions = {
  run: 1,
  cat: 1,
  compare: 1,
  conformance: 1,
  ctl: 1,
  diff: 1,
  examples: 1,
  explain: 1,
  explore: 1,
  'explore-list': 1,
  'explore-table': 1,
  import: 1,
  'import-check': 1,
  litmus: 1,
  replay: 1,
  test: 1,
} as const;

/** The name of something that a command prints with --json. */
export type JsonFormat = keyof typeof jsonVersions;

/** What every JSON of a command begins with. */
export interface JsonHead<Format extends JsonFormat = JsonFormat> {
  /** What it is. */
  readonly format: `irqlab-${Format}`;
  /** See `jsonVersions`. */
  readonly version: (typeof jsonVersions)[Format];
}

/** What a JSON of a command has behind its head. */
type Body<Json> = Json extends unknown ? Omit<Json, keyof JsonHead> : never;

/**
 * What a command prints with --json: one object, which says what it is.
 *
 * @typeParam Json its type, of which schema/json/FORMAT.schema.json is made (src/types/json.ts lists all).
 */
export function jsonText<Json extends JsonHead>(
  format: Json['format'] extends `irqlab-${infer Format}` ? Format : never,
  value: Body<Json>,
): string {
  const head = { format: `irqlab-${format}`, version: jsonVersions[format as JsonFormat] };
  return `${JSON.stringify({ ...head, ...value }, undefined, 2)}\n`;
}
