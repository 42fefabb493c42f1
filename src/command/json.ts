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
  explain: 1,
  explore: 1,
  'explore-list': 1,
  'explore-table': 1,
  import: 1,
  litmus: 1,
  replay: 1,
} as const;

/** The name of something that a command prints with --json. */
export type JsonFormat = keyof typeof jsonVersions;

/** What every JSON of a command begins with. */
export interface JsonHead {
  readonly format: `irqlab-${JsonFormat}`;
  /** See `jsonVersions`. */
  readonly version: number;
}

/** What a command prints with --json: one object, which says what it is. */
export function jsonText(format: JsonFormat, value: object): string {
  const head: JsonHead = { format: `irqlab-${format}`, version: jsonVersions[format] };
  return `${JSON.stringify({ ...head, ...value }, undefined, 2)}\n`;
}
