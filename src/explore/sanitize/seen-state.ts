import { SharedObject } from '../../machine/step.js';
import type { Execution } from '../execution/execution.js';
import { PlainState } from '../search/states/plain-state.js';
import { type AccessWatcher, recordFor, Variables } from './recorder.js';
import { WHOLE } from './whole.js';

/**
 * What of a state a search by states sees: what its fingerprint reaches, and what the model's `fingerprint` looks at while
 * it puts that together.
 */
export class SeenState<S> implements AccessWatcher {
  private readonly shared: PlainState;
  private readonly own: PlainState;
  private readonly looked = new Map<object, Set<unknown>>();

  constructor(private readonly execution: Pick<Execution<S>, 'model' | 'current' | 'stage' | 'firstId'>) {
    const { model, firstId } = execution;
    this.shared = new PlainState(model.name, false, firstId);
    this.own = new PlainState(model.name, false, firstId);
  }

  /** Another execution has begun. */
  begin(): void {
    this.shared.beginExecution();
    this.own.beginExecution();
  }

  /**
   * Looks at the state in which context `name` is about to make its step.
   *
   * @param used the shared objects that steps have named so far.
   */
  look(name: string, used: Iterable<SharedObject>): void {
    const { model, current, stage } = this.execution;
    this.looked.clear();
    recordFor(this);
    const parts = model.fingerprint?.(current) ?? { shared: [current, stage.machines] };
    recordFor(undefined);
    this.shared.begin(0);
    this.shared.add(parts.shared);
    for (const object of used) this.shared.add(object);
    this.own.begin(0);
    this.own.add(parts.own?.[name]);
  }

  accessed(object: object, key: unknown): void {
    const keys = this.looked.get(object) ?? new Set();
    keys.add(key);
    this.looked.set(object, keys);
  }

  /** True if it would show if another context had left something else here. */
  sees(object: object, key: unknown): boolean {
    if (object instanceof SharedObject || this.shared.has(object)) return true;
    const keys = this.looked.get(object);
    return keys !== undefined && (keys.has(key) || keys.has(WHOLE));
  }

  /** True if it would show if the context itself had left something else here before it began afresh. */
  seesOwn(object: object, key: unknown): boolean {
    return object instanceof Variables || this.own.has(object) || this.sees(object, key);
  }
}
