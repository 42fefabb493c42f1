import { ErrnoError } from '../lib/errno.js';

/** All options in the order of the kernel's list (kernel/trace/trace.h TRACE_FLAGS). */
const options = [
  'print-parent',
  'sym-offset',
  'sym-addr',
  'verbose',
  'raw',
  'hex',
  'bin',
  'block',
  'fields',
  'trace_printk',
  'annotate',
  'userstacktrace',
  'sym-userobj',
  'printk-msg-only',
  'context-info',
  'latency-format',
  'record-cmd',
  'record-tgid',
  'overwrite',
  'disable_on_free',
  'irq-info',
  'markers',
  'event-fork',
  'trace_printk_dest',
  'copy_trace_marker',
  'pause-on-trace',
  'hash-ptr',
  'bitmask-list',
  'function-trace',
  'function-fork',
  'display-graph',
  'stacktrace',
] as const;
/** Those that not every kernel has. */
const later = ['fields', 'trace_printk_dest', 'copy_trace_marker', 'bitmask-list'] as const;
/** A trace option that a later kernel brought. */
export type LaterTraceOption = (typeof later)[number];
/** Those that are on at boot (TRACE_DEFAULT_FLAGS). */
const onAtBoot: readonly string[] = [
  'print-parent',
  'trace_printk',
  'annotate',
  'context-info',
  'record-cmd',
  'overwrite',
  'irq-info',
  'markers',
  'trace_printk_dest',
  'copy_trace_marker',
  'hash-ptr',
  'function-trace',
];
/** Those that an instance does not take over from the top one (ZEROED_TRACE_FLAGS). */
const ofNoOther: readonly string[] = [
  'event-fork',
  'function-fork',
  'trace_printk_dest',
  'copy_trace_marker',
];
/** Those that have no file in `options` of an instance (TOP_LEVEL_TRACE_FLAGS). */
const ofTop: readonly string[] = ['trace_printk', 'printk-msg-only', 'record-cmd'];
/** Options of the tracer nop, to try what becomes of an option: it takes one, and refuses the other (trace_nop.c). */
const nopOptions = ['test_nop_accept', 'test_nop_refuse'] as const;

/** `trace_options` of an instance (kernel/trace/trace.c). */
export class TraceFlags {
  /** The options that there are. */
  readonly all: readonly string[];
  /** Whether the names of tasks are kept; asked for each event. */
  recordsComms = true;
  /** Whether thread groups of tasks are kept. */
  recordsTgids = false;
  private readonly on: Set<string>;

  /**
   * @param has what the kernel has of the options that came later.
   * @param top those of the top instance, for another one.
   */
  constructor(
    has: readonly LaterTraceOption[],
    private readonly overwriteChanged: (overwrites: boolean) => void,
    private readonly top?: TraceFlags,
  ) {
    this.all = [...options.filter((name) => !isLater(name) || has.includes(name)), ...nopOptions];
    this.on = new Set(top === undefined ? onAtBoot : [...top.on].filter((name) => !ofNoOther.includes(name)));
    this.note();
  }

  /** Options that have a file. */
  get inFiles(): readonly string[] {
    return this.top === undefined ? this.all : this.all.filter((name) => !ofTop.includes(name));
  }

  has(name: string): boolean {
    return this.on.has(name);
  }

  /** @throws ErrnoError EINVAL for one that there is not, or that does not change (set_tracer_flag). */
  set(name: string, value: boolean): void {
    if (!this.all.includes(name)) throw new ErrnoError('EINVAL', `there is no trace option ${name}`);
    if (this.on.has(name) === value) return;
    if (name === 'test_nop_refuse' || name === 'trace_printk_dest')
      throw new ErrnoError('EINVAL', `the trace option ${name} does not change`);
    if (value) this.on.add(name);
    else this.on.delete(name);
    this.note();
    if (name === 'overwrite') this.overwriteChanged(value);
  }

  private note(): void {
    this.recordsComms = this.on.has('record-cmd');
    this.recordsTgids = this.on.has('record-tgid');
  }

  /** The text of `trace_options`. */
  get text(): string {
    return this.all.map((name) => `${this.on.has(name) ? '' : 'no'}${name}\n`).join('');
  }

  /** A write to `trace_options`: a name, with `no` in front to take it away (trace_set_options). */
  write(word: string): void {
    if (word.startsWith('no')) this.set(word.slice(2), false);
    else this.set(word, true);
  }
}

function isLater(name: string): name is LaterTraceOption {
  return later.some((known) => known === name);
}
