import type { ViolationKind } from '../execution/judge.js';
import { type MemoryModel, memoryModels } from '../model.js';
import type { Report, Violation } from './report.js';

export const TRACE_FORMAT = 'irqlab-trace';
export const TRACE_VERSION = 1;

/** One choice of a saved trace: who moved, and what it was expected to do. */
export interface SavedStep {
  readonly pid: number;
  readonly lane: string;
  readonly context: string;
  readonly action: string;
}

/** A violation's execution as it is saved, for replay. Plain data. */
export interface TraceFile {
  readonly format: typeof TRACE_FORMAT;
  readonly version: typeof TRACE_VERSION;
  readonly model: string;
  /** The file with the model's code, from where the trace is saved; missing for models of irqlab and of plug-ins. */
  readonly raceFile?: string;
  readonly memory: MemoryModel;
  readonly kind: ViolationKind;
  readonly property: string;
  readonly message: string;
  readonly minimal: boolean;
  readonly steps: readonly SavedStep[];
}

/**
 * What is saved of a violation that a report holds.
 *
 * @param raceFile the file with the model's code, from where the trace will lie.
 */
export function traceFileOf(
  { model, memory }: Pick<Report, 'model' | 'memory'>,
  violation: Violation,
  raceFile?: string,
): TraceFile {
  const { kind, property, message, minimal, trace } = violation;
  return {
    format: TRACE_FORMAT,
    version: TRACE_VERSION,
    model,
    ...(raceFile === undefined ? {} : { raceFile }),
    memory,
    kind,
    property,
    message,
    minimal,
    steps: trace.steps.map(({ pid, lane, context, action }) => ({
      pid,
      lane: trace.lanes[lane],
      context,
      action,
    })),
  };
}

/** The text of a trace file: the same trace gives the same bytes. */
export function formatTraceFile(file: TraceFile): string {
  const { steps, ...head } = file;
  const lines = steps.map((step) => `    ${JSON.stringify(step)}`);
  const opening = JSON.stringify(head, null, 2).slice(0, -2);
  return `${opening},\n  "steps": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

const kinds: readonly string[] = ['always', 'finally', 'deadlock', 'error'] satisfies ViolationKind[];

/**
 * Reads a trace file.
 *
 * @throws TypeError saying what is wrong with it.
 */
export function parseTraceFile(text: string): TraceFile {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new TypeError('the trace file is no JSON');
  }
  if (!isRecord(file) || file.format !== TRACE_FORMAT) {
    throw new TypeError(`this is no trace file: "format" must be "${TRACE_FORMAT}"`);
  }
  if (file.version !== TRACE_VERSION) {
    const version = file.version === undefined ? 'no version' : `version ${JSON.stringify(file.version)}`;
    throw new TypeError(`the trace file has ${version}; this program reads version ${TRACE_VERSION}`);
  }
  const steps: unknown = file.steps;
  if (!Array.isArray(steps)) throw new TypeError('the trace file has no list "steps"');
  return {
    format: TRACE_FORMAT,
    version: TRACE_VERSION,
    model: textOf(file, 'model'),
    ...(file.raceFile === undefined ? {} : { raceFile: textOf(file, 'raceFile') }),
    memory: oneOf(file, 'memory', memoryModels) as MemoryModel,
    kind: oneOf(file, 'kind', kinds) as ViolationKind,
    property: textOf(file, 'property'),
    message: textOf(file, 'message'),
    minimal: file.minimal === true,
    steps: steps.map((step: unknown, at) => savedStep(step, at)),
  };
}

function savedStep(step: unknown, at: number): SavedStep {
  if (!isRecord(step)) throw new TypeError(`step ${at + 1} of the trace file is no object`);
  const { pid } = step;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 0 || pid > 30) {
    throw new TypeError(`step ${at + 1} of the trace file: "pid" must be a context's number, 0 to 30`);
  }
  const where = `step ${at + 1}: `;
  return {
    pid,
    lane: textOf(step, 'lane', where),
    context: textOf(step, 'context', where),
    action: textOf(step, 'action', where),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function textOf(record: Record<string, unknown>, key: string, where = ''): string {
  const value = record[key];
  if (typeof value !== 'string') throw new TypeError(`the trace file: ${where}"${key}" must be a text`);
  return value;
}

function oneOf(record: Record<string, unknown>, key: string, allowed: readonly string[]): string {
  const value = textOf(record, key);
  if (!allowed.includes(value)) {
    throw new TypeError(`the trace file: "${key}" must be one of ${allowed.join(', ')}, not "${value}"`);
  }
  return value;
}
