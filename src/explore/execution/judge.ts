import type { Execution } from './execution.js';
import type { Verdict } from '../model.js';

export type ViolationKind = 'always' | 'finally' | 'deadlock' | 'error';

/** What is wrong with an execution. */
export interface Finding {
  readonly kind: ViolationKind;
  /** The property's name; for errors and deadlocks the kind. */
  readonly property: string;
  readonly message: string;
}

interface Property<S> {
  readonly name: string;
  readonly holds: (state: S) => Verdict;
}

function propertiesOf<S>(record: Readonly<Record<string, (state: S) => Verdict>> = {}): Property<S>[] {
  return Object.entries(record).map(([name, holds]) => ({ name, holds }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Checks a model's properties. */
export class Judge<S> {
  private readonly always: readonly Property<S>[];
  private readonly finally: readonly Property<S>[];

  constructor(private readonly execution: Execution<S>) {
    this.always = propertiesOf(execution.model.always);
    this.finally = propertiesOf(execution.model.finally);
  }

  /** To be asked after each step. */
  afterStep(): Finding | undefined {
    const { execution } = this;
    if (execution.failed) return { kind: 'error', property: 'error', message: messageOf(execution.error) };
    return this.always.length === 0 ? undefined : this.firstBroken('always', this.always);
  }

  /** To be asked when nothing can go on. */
  atEnd(): Finding | undefined {
    const { execution } = this;
    const { model, stage } = execution;
    for (let pid = 0; pid < stage.count; pid++) {
      if (stage.contexts[pid].step === undefined) continue;
      if (model.mayBlock?.(execution.current) === true) break;
      return { kind: 'deadlock', property: 'deadlock', message: this.whoIsBlocked() };
    }
    return this.finally.length === 0 ? undefined : this.firstBroken('finally', this.finally);
  }

  private firstBroken(kind: 'always' | 'finally', properties: readonly Property<S>[]): Finding | undefined {
    const state = this.execution.current;
    for (const { name, holds } of properties) {
      const verdict = holds(state);
      if (verdict === true || verdict === undefined) continue;
      return { kind, property: name, message: verdict === false ? `${name} does not hold` : verdict };
    }
    return undefined;
  }

  private whoIsBlocked(): string {
    return this.execution
      .blocked()
      .map(({ name, lane, step }) => `${name} (${lane.name}) waits: ${step?.kind} of ${step?.object.name}`)
      .join('; ');
  }
}
