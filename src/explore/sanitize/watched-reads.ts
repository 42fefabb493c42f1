import type { Model } from '../model.js';
import { type AccessWatcher, recordFor } from './recorder.js';
import { WHOLE } from './whole.js';

/** What the `always` properties of a model look at, where `watches` says which objects stand for it. */
export class WatchedReads<S> implements AccessWatcher {
  private readonly properties: readonly ((state: S) => unknown)[];
  /** By object and key the place in the source that looks at it. */
  private readonly seen = new Map<object, Map<unknown, number>>();
  private ids: ReadonlySet<number> = new Set();

  constructor(private readonly model: Model<S>) {
    this.properties = model.watches === undefined ? [] : Object.values(model.always ?? {});
  }

  /** False if nothing but the steps themselves has to be looked at. */
  get isNeeded(): boolean {
    return this.properties.length > 0;
  }

  /** Numbers of the objects that `watches` names. */
  get watched(): ReadonlySet<number> {
    return this.ids;
  }

  begin(state: S): void {
    const ids = new Set<number>();
    for (const { id } of this.model.watches?.(state) ?? []) ids.add(id);
    this.ids = ids;
  }

  /** Has the properties look at the state as it is now. */
  look(state: S): void {
    this.seen.clear();
    recordFor(this);
    try {
      for (const holds of this.properties) holds(state);
    } finally {
      recordFor(undefined);
    }
  }

  accessed(object: object, key: unknown, _isWrite: boolean, site: number): void {
    let keys = this.seen.get(object);
    if (keys === undefined) {
      keys = new Map();
      this.seen.set(object, keys);
    }
    keys.set(key, site);
  }

  /** Where a property looks at this; undefined: nowhere. */
  siteOf(object: object, key: unknown): number | undefined {
    const keys = this.seen.get(object);
    if (keys === undefined) return undefined;
    return keys.get(key) ?? keys.get(WHOLE) ?? (key === WHOLE ? [...keys.values()][0] : undefined);
  }

  /** True if the reduction counts a step of these accesses as one that the properties may see. */
  isVisible(codes: readonly number[]): boolean {
    return codes.some((code) => code > 0 && (code & 1) === 1 && this.ids.has(code >> 1));
  }
}
