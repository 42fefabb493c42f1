import { ErrnoError } from '../../lib/errno.js';
import type { KernelVersion } from '../../irq/kernel.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import { createGuestTree } from '../../view/guest-tree.js';
import type { FileTree } from '../../view/tree.js';
import { type Difference, difference, isRecord } from '../difference.js';
import { unknownKernel } from '../judge.js';
import { recordedKernel, recordedParameters } from '../recorded.js';
import { Fixture, type FixtureCpus } from '../fixture/fixture.js';
import type { CommandArgs } from '../fixture/commands/args.js';
import { runCommand } from '../fixture/commands/index.js';
import { lineState } from '../fixture/line-state.js';
import type { CaseResult, Replayer } from '../replayer.js';
import { differOnlyInTiming } from './timing.js';

/** One recorded operation, see the recordings' README. */
interface RecordedOp {
  readonly cmd?: string;
  readonly args?: CommandArgs;
  readonly res?: Readonly<Record<string, unknown>>;
  readonly write?: string;
  readonly read?: string;
  readonly list?: string;
  readonly data?: string;
  readonly ret?: number;
  readonly err?: string;
  readonly at?: string;
  readonly text?: string;
  readonly entries?: Readonly<Record<string, string>>;
  readonly calls?: readonly string[];
  readonly log?: readonly string[];
  readonly log_once?: readonly string[];
  readonly online?: string;
  readonly changed?: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;
}

interface RecordedCase {
  readonly id: string;
  readonly kernel: string;
  readonly append?: string;
  readonly cpus: FixtureCpus;
  readonly start: { readonly nr_irqs: number; readonly allocated: string };
  readonly ops: readonly RecordedOp[];
}

type LineRecord = Record<string, unknown>;

/**
 * Replays sequences of commands and file accesses: those of the API and those of CPU hotplug. After each operation all
 * that the recording has mentioned so far is compared, so that a change that Linux did not make is found, too.
 */
export class SequenceReplayer implements Replayer {
  constructor(readonly file: string) {}

  replay(recorded: unknown): CaseResult {
    const sequence = recorded as RecordedCase;
    const kernel = recordedKernel(sequence.kernel);
    if (kernel === undefined) return unknownKernel(sequence.id, sequence.kernel);
    return new SequenceRun(sequence, kernel).result();
  }
}

class SequenceRun {
  private readonly fixture: Fixture;
  private readonly tree: FileTree;
  /** What the recording says of each line so far. */
  private readonly lines = new Map<number, LineRecord | null>();
  private logged = 0;

  constructor(
    private readonly recorded: RecordedCase,
    kernel: KernelVersion,
  ) {
    const { cpus, append, start } = recorded;
    // The recordings' lines have all CPUs under irqaffinity=, too: default_smp_affinity had been set back before.
    const parameters = recordedParameters(append ?? '', cpus);
    this.fixture = new Fixture({
      kernel,
      cpus,
      nrIrqs: start.nr_irqs,
      allocated: start.allocated.split(',').map(Number),
      parameters,
    });
    const { core } = this.fixture;
    const cpu0Moves = parameters.cpu0Hotplug && core.behaviour.cpu0Hotplug;
    this.tree = createGuestTree({ irq: core, cpu: { hotpluggable: (cpu) => cpu !== 0 || cpu0Moves } });
    this.logged = core.machine.log.lines.length;
    this.fixture.recorder.take();
  }

  result(): CaseResult {
    const { id, ops } = this.recorded;
    for (const [index, op] of ops.entries()) {
      const found = this.compareOp(op);
      if (found) {
        const { path, expected, actual } = found;
        return { outcome: 'failed', id, op: index, expected, actual, what: path };
      }
    }
    return { outcome: 'passed' };
  }

  private compareResult(op: RecordedOp, actual: LineRecord): Difference | undefined {
    const expected = expectedResult(op);
    if (!differOnlyInTiming(expected.calls, actual.calls)) return difference(expected, actual, 'res');
    const { calls: _expected, ...result } = expected;
    const { calls: _actual, ...got } = actual;
    return difference(result, got, 'res');
  }

  private compareOp(op: RecordedOp): Difference | undefined {
    const actual = this.doOp(op);
    return (
      this.compareResult(op, actual) ?? this.compareLog(op) ?? this.compareOnline(op) ?? this.compareLines(op)
    );
  }

  /** Carries out the operation. @returns its result in the form of expectedResult. */
  private doOp(op: RecordedOp): LineRecord {
    const { fixture } = this;
    let result: LineRecord;
    if (op.cmd !== undefined) result = runCommand(fixture, op.cmd, op.args ?? {});
    else result = this.accessFile(op);
    const calls = fixture.recorder.take();
    if (calls.length > 0) result.calls = calls;
    return result;
  }

  private accessFile(op: RecordedOp): LineRecord {
    try {
      if (op.write !== undefined) return { ret: this.tree.writeFile(op.write, op.data ?? '') };
      if (op.read !== undefined) return { text: this.tree.readFile(op.read) };
      if (op.list !== undefined) return { entries: this.listing(op.list) };
    } catch (error) {
      if (error instanceof ErrnoError) return { err: error.code };
      throw error;
    } finally {
      this.fixture.machine.settle();
    }
    throw new RangeError(`unknown operation ${JSON.stringify(op)}`);
  }

  private listing(path: string): Record<string, string> {
    const entries: Record<string, string> = {};
    if (!this.tree.exists(path)) return entries;
    for (const name of this.tree.readdir(path)) {
      entries[name] = this.tree.stat(`${path}/${name}`).mode.toString(8).padStart(7, '0');
    }
    return entries;
  }

  private compareLog(op: RecordedOp): Difference | undefined {
    const { lines } = this.fixture.machine.log;
    const fresh = lines.slice(this.logged);
    this.logged = lines.length;
    const always = fresh.filter((line) => !line.once).map((line) => line.text);
    const once = fresh.filter((line) => line.once).map((line) => line.text);
    const found = difference(op.log ?? [], always, 'log');
    // Whether a line that the kernel prints once after boot was printed here depends on the cases before.
    const all = fresh.map((line) => line.text);
    if (found && difference(op.log ?? [], all, 'log')) return found;
    const missing = op.log_once?.filter((text) => !once.includes(text)) ?? [];
    return missing.length === 0 ? undefined : { path: 'log_once', expected: op.log_once, actual: once };
  }

  private compareOnline(op: RecordedOp): Difference | undefined {
    if (op.online === undefined) return undefined;
    return difference(op.online, formatCpuList(this.fixture.machine.online), 'online');
  }

  /** Compares all lines that the recording has mentioned so far, also those that should not have changed. */
  private compareLines(op: RecordedOp): Difference | undefined {
    for (const [key, change] of Object.entries(op.changed ?? {})) {
      const irq = Number(key);
      this.lines.set(irq, change === null ? null : { ...this.lines.get(irq), ...change });
    }
    for (const [irq, expected] of this.lines) {
      const found = difference(expected, this.actualLine(irq, expected), `changed.${irq}`);
      if (found) return found;
    }
    return undefined;
  }

  private actualLine(irq: number, expected: LineRecord | null): LineRecord | null {
    const desc = this.fixture.core.desc(irq);
    if (desc === undefined) return null;
    const state = lineState(desc);
    const actual: LineRecord = {};
    for (const key of Object.keys(expected ?? state)) {
      actual[key] = key.endsWith('_list') ? this.affinityText(irq, key) : state[key];
    }
    return actual;
  }

  private affinityText(irq: number, file: string): unknown {
    try {
      return this.tree.readFile(`/proc/irq/${irq}/${file}`).replace(/\n$/, '');
    } catch (error) {
      if (error instanceof ErrnoError) return { err: error.code };
      throw error;
    }
  }
}

function expectedResult(op: RecordedOp): LineRecord {
  if (isRecord(op.res)) return op.res;
  const expected: LineRecord = {};
  for (const key of ['ret', 'err', 'text', 'entries', 'calls'] as const) {
    if (op[key] !== undefined) expected[key] = op[key];
  }
  return expected;
}

export const genirqApiReplayer: Replayer = new SequenceReplayer('genirq-api.jsonl');
export const hotplugReplayer: Replayer = new SequenceReplayer('hotplug.jsonl');
