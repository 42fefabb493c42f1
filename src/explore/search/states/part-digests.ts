import type { SharedObject } from '../../../machine/step.js';
import type { Execution } from '../../execution/execution.js';
import type { PlainParts } from '../../model.js';
import type { Digest } from './digest.js';
import { PlainState } from './plain-state.js';

/**
 * The digests of the plain state of each position along the present execution, a pair of numbers for each part: first of
 * what is shared, then of what each context has for its own.
 */
export class PartDigests<S> {
  private readonly plain: PlainState;
  private readonly parts: Int32Array[] = [];
  /** The names of contexts with state of their own. */
  private owners: readonly string[] = [];
  /** What stands for the functions that were met at each position. */
  private readonly functions: (readonly number[])[] = [];
  private readonly used: SharedObject[] = [];

  constructor(private readonly execution: Execution<S>) {
    const { model, firstId } = execution;
    this.plain = new PlainState(model.name, model.fingerprint === undefined, firstId);
  }

  /** The first execution has begun. */
  begin(): void {
    this.plain.beginExecution();
    this.owners = Object.keys(this.plainParts().own ?? {});
    this.look(0, 0);
  }

  /** Another execution has repeated the steps up to position `at`. */
  restore(at: number): void {
    this.plain.beginExecution();
    this.plain.beginAgain(this.functions[at]);
    this.addParts(this.parts[at]);
  }

  /** Digests the plain state of position `at`; what is new in it was made by the context that `creator` stands for. */
  look(at: number, creator: number): void {
    const { plain } = this;
    plain.begin(creator);
    this.parts[at] ??= new Int32Array(2 * (this.owners.length + 1));
    this.addParts(this.parts[at]);
    const before = at === 0 ? undefined : this.functions[at - 1];
    const { functions } = plain;
    const isSame = before?.length === functions.length && functions.every((tag, i) => tag === before[i]);
    this.functions[at] = isSame && before !== undefined ? before : functions.slice();
  }

  /** The pairs of position `at`. */
  at(at: number): Int32Array {
    return this.parts[at];
  }

  /** Adds what the context of that name has for its own at position `at`. */
  addOwn(to: Digest, at: number, name: string): void {
    const owner = this.owners.indexOf(name) + 1;
    if (owner > 0) to.addPair(this.parts[at][2 * owner], this.parts[at][2 * owner + 1]);
  }

  /** The shared objects that hold one value and were met at the last look. */
  get words(): readonly SharedObject[] {
    return this.plain.words;
  }

  private plainParts(): PlainParts {
    const { model, current, stage } = this.execution;
    return model.fingerprint?.(current) ?? { shared: [current, stage.machines] };
  }

  private addParts(parts: Int32Array): void {
    const { plain, owners } = this;
    const { shared, own = {} } = this.plainParts();
    plain.beginPart();
    plain.add(shared);
    this.addUsed();
    this.setPart(parts, 0);
    for (let i = 0; i < owners.length; i++) {
      plain.beginPart();
      plain.add(own[owners[i]]);
      this.setPart(parts, i + 1);
    }
  }

  /** The objects that have been used and hold more than a value, whether or not they can be reached from elsewhere. */
  private addUsed(): void {
    const { plain, used, execution } = this;
    used.length = 0;
    for (const object of execution.stage.touched?.values() ?? []) {
      if (object.id >= execution.firstId && object.snapshot() === undefined) used.push(object);
    }
    if (used.length > 1) used.sort((a, b) => a.id - b.id);
    for (let i = 0; i < used.length; i++) plain.add(used[i]);
  }

  private setPart(parts: Int32Array, at: number): void {
    const { digest } = this.plain;
    digest.finish();
    parts[2 * at] = digest.a;
    parts[2 * at + 1] = digest.b;
  }
}
