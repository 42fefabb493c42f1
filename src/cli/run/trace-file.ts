import { gzipSync } from 'node:zlib';
import { interruptible } from '../../command/interruptible.js';
import { writeBytes } from '../../command/named-file.js';
import { UsageError } from '../../command/usage-error.js';
import type { GuestTrace, TraceOptions } from '../../guest/trace.js';
import { ErrnoError } from '../../lib/errno.js';
import { durationPattern, parseDuration } from '../../scenario/duration.js';
import { type TraceFormat, traceFormats } from '../../trace/trace-formats.js';

/** What is traced if nobody says: interrupts, what VMBus and the host do, CPUs that come and go, and steps. */
const DEFAULT_EVENTS = 'irq,hyperv,lab,cpuhp,workqueue';
const NS_PER_SECOND = 1_000_000_000;
/** Room for each CPU's events. */
const DEFAULT_BUFFER_KB = 1 << 16;

const formatOfEnding: Readonly<Record<string, TraceFormat>> = {
  txt: 'ftrace',
  trace: 'ftrace',
  dat: 'dat',
  json: 'chrome',
  jsonl: 'jsonl',
};

export interface TraceFileOptions {
  readonly trace?: string;
  readonly traceFormat?: TraceFormat;
  readonly events?: string;
  readonly from?: string;
  readonly to?: string;
  readonly traceBuffer?: number;
}

/** @throws UsageError for options of a trace that nobody writes, and for a trace of no known form. */
export function refuseWithoutTrace({
  trace,
  traceFormat,
  events,
  from,
  to,
  traceBuffer,
}: TraceFileOptions): void {
  const given = { '--trace-format': traceFormat, '--events': events, '--from': from, '--to': to };
  const names = Object.entries({ ...given, '--trace-buffer': traceBuffer })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (trace === undefined && names.length > 0)
    throw new UsageError(`${names.join(', ')}: no trace is written; add --trace FILE`);
  if (trace !== undefined) traceFormatOf(trace, traceFormat);
}

interface TracedGuest {
  trace(options: TraceOptions): GuestTrace;
}

/** A run's trace, to be written to a file when it is over. */
export class TraceFile {
  private readonly traced: GuestTrace;
  private readonly format: TraceFormat;
  private readonly span: { readonly fromNs: number; readonly toNs: number };

  /** @throws UsageError for a format, time or event that is none, and for a file that cannot be written. */
  constructor(
    private readonly file: string,
    guest: TracedGuest,
    { traceFormat, events = DEFAULT_EVENTS, from, to, traceBuffer = DEFAULT_BUFFER_KB }: TraceFileOptions,
  ) {
    this.format = traceFormatOf(file, traceFormat);
    const fromNs = from === undefined ? 0 : duration('--from', from);
    const toNs = to === undefined ? Number.POSITIVE_INFINITY : duration('--to', to);
    if (toNs < fromNs) throw new UsageError(`--to ${to} is before --from ${from}: no event would be written`);
    this.span = { fromNs, toNs };
    writeBytes(file, new Uint8Array());
    try {
      const names = events.split(',').filter((name) => name !== '');
      this.traced = guest.trace({ events: names, bufferKb: traceBuffer });
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      const hint = '/sys/kernel/tracing/available_events lists what can be traced: irqlab cat SCENARIO PATH.';
      throw new UsageError(`--events: ${error.message.replace(/^EINVAL: /, '')}`, hint);
    }
  }

  /** @returns what to say of events that there was no room for, or of none at all; empty: nothing. */
  write(): string {
    const bytes = interruptible(
      () => this.traced.file(this.format, this.span),
      () => `after the run; ${this.file} is left empty`,
    );
    writeTrace(this.file, bytes);
    const { overwritten, elapsedNs } = this.traced;
    const { fromNs } = this.span;
    if (fromNs > elapsedNs)
      return `irqlab: ${this.file} has no event: the run was over after ${elapsedNs / NS_PER_SECOND} s, before --from ${fromNs / NS_PER_SECOND} s\n`;
    if (overwritten === 0) return '';
    return `irqlab: ${this.file} has the latest events only: ${overwritten} were overwritten (--trace-buffer KIB makes more room)\n`;
  }
}

/** What to write into a file. @throws UsageError if neither its name nor `named` says, and for standard output. */
export function traceFormatOf(file: string, named: TraceFormat | undefined): TraceFormat {
  if (file === '-')
    throw new UsageError(
      '--trace -: a trace is written to a file, since standard output has what the command prints',
      'Give a name such as run.txt; or /dev/stdout with --trace-format, where both may be mixed.',
    );
  return named ?? formatByName(file);
}

/** Writes it as the file's name wants it. @throws UsageError for a file that cannot be written. */
export function writeTrace(file: string, bytes: Uint8Array): void {
  writeBytes(file, file.endsWith('.gz') ? gzipSync(bytes) : bytes);
}

function formatByName(file: string): TraceFormat {
  const ending = /\.([a-z]+)$/.exec(file.replace(/\.gz$/, ''))?.[1] ?? '';
  const format = formatOfEnding[ending];
  if (format !== undefined) return format;
  const endings = Object.keys(formatOfEnding).map((known) => `.${known}`);
  throw new UsageError(
    `--trace ${file}: what to write cannot be told from the name, which ends with none of ${endings.join(', ')}`,
    `Say it with --trace-format ${traceFormats.join('|')}.`,
  );
}

function duration(option: string, text: string): number {
  if (!durationPattern.test(text))
    throw new UsageError(`${option} ${text}: expected a time since the end of booting such as 1.5s or 200us`);
  return parseDuration(text);
}
