import type { PluginOptions } from '../../command/plugins.js';
import type { MemoryModel } from '../../explore/model.js';
import type { Strategy } from '../../explore/options.js';
import type { Shard } from '../../explore/search/search.js';
import type { TraceFormat as TraceFileFormat } from '../../trace/trace-formats.js';

export type TraceFormat = 'table' | 'mermaid' | 'html';

/** Options of `irqlab explore`, as its help describes them. */
export interface ExploreCommandOptions extends PluginOptions {
  readonly variant?: string;
  readonly all?: boolean;
  readonly strategy?: Strategy['kind'];
  readonly preemptions: number;
  readonly depth: number;
  readonly seed: number;
  readonly executions: number;
  readonly memory?: MemoryModel;
  readonly shard?: Shard;
  readonly saveReport?: string;
  /** The file in which the search is kept while it goes on, and whether it is to go on with what that has. */
  readonly state?: string;
  readonly resume?: boolean;
  /** The address of a Redis, whose workers do the search. */
  readonly queue?: string;
  readonly save?: string;
  /** The file for the trace of what was found, and its form if its name does not say. */
  readonly trace?: string;
  readonly traceFormat?: TraceFileFormat;
  /** Looks for what steps share without announcing it, in place of a minimal interleaving. */
  readonly sanitize?: boolean;
  readonly maxExecutions?: number;
  readonly maxSteps?: number;
  readonly seconds?: number;
  readonly json?: boolean;
  /** How a found interleaving is shown; default: as a table. */
  readonly format?: TraceFormat;
  /** Columns that a table may take; default: those of the terminal. */
  readonly width?: number;
  /** The file of a race of the user's own, as named; default: the race is one of irqlab's, or of a plug-in. */
  readonly raceFile?: string;
  /** Threads; default: one, and for all races as many as the machine has. */
  readonly workers?: number;
}
