import { json } from './json.js';
import { junit } from './junit.js';
import type { Reporter } from './reporter.js';
import { spec } from './spec.js';
import { tap } from './tap.js';

/** Reports by the name that --reporter gives. */
export const reporters = { spec, tap, junit, json } as const satisfies Record<string, Reporter>;

export type ReporterName = keyof typeof reporters;
