import type { Execution } from './execution.js';
import type { Verdict } from '../model.js';

/** What of a model an execution broke: a property that holds always or at the end, or it could not go on, or threw. */
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

/** True if both say that the same property is broken. */
export function sameProperty(
  a: Pick<Finding, 'kind' | 'property'>,
  b: Pick<Finding, 'kind' | 'property'>,
): boolean {
  return a.kind === b.kind && a.property === b.property;
}

/** The same, where an execution can have several errors: each is one by itself. */
export function sameFinding(a: Finding, b: Finding): boolean {
  return sameProperty(a, b) && (a.kind !== 'error' || a.message === b.message);
}

const nothing: readonly Finding[] = [];

/** Checks a model's properties. */
export class Judge<S> {
  private readonly always: readonly Property<S>[];
  private readonly finally: readonly Property<S>[];

  constructor(private readonly execution: Execution<S>) {
    this.always = propertiesOf(execution.model.always);
    this.finally = propertiesOf(execution.model.finally);
  }

  /** What is wrong after a step: errors so far, then properties that do not hold now. */
  afterStep(): readonly Finding[] {
    const { errors } = this.execution;
    if (errors.length === 0) return this.allBroken('always', this.always);
    const failures = errors.map(
      (error): Finding => ({ kind: 'error', property: 'error', message: messageOf(error) }),
    );
    return [...failures, ...this.allBroken('always', this.always)];
  }

  /** What is wrong, besides, when nothing can go on. */
  atEnd(): readonly Finding[] {
    const { execution } = this;
    const { model, stage } = execution;
    for (let pid = 0; pid < stage.count; pid++) {
      const context = stage.contexts[pid];
      if (context.step === undefined || context.isPhantom) continue;
      if (model.mayBlock?.(execution.current) === true) break;
      return [{ kind: 'deadlock', property: 'deadlock', message: this.whoIsBlocked() }];
    }
    return this.allBroken('finally', this.finally);
  }

  private allBroken(kind: 'always' | 'finally', properties: readonly Property<S>[]): readonly Finding[] {
    const state = this.execution.current;
    let broken: Finding[] | undefined;
    for (const { name, holds } of properties) {
      const verdict = holds(state);
      if (verdict === true || verdict === undefined) continue;
      broken ??= [];
      broken.push({ kind, property: name, message: verdict === false ? `${name} does not hold` : verdict });
    }
    return broken ?? nothing;
  }

  private whoIsBlocked(): string {
    return this.execution
      .blocked()
      .map(({ name, lane, step }) => `${name} (${lane.name}) waits: ${step?.kind} of ${step?.object.name}`)
      .join('; ');
  }
}
