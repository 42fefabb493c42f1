import type { SharedObject } from '../../../machine/step.js';
import type { Execution } from '../../execution/execution.js';
import type { PlainParts } from '../../model.js';
import { PlainState } from './plain-state.js';

/**
 * Digests the plain state of each position along the present execution, to a pair of numbers for each part: first of what
 * is shared, then of what each context has for its own.
 */
export class PartDigests<S> {
  private readonly plain: PlainState;
  /** The names of contexts with state of their own. */
  private owners: readonly string[] = [];
  /** What stands for the functions that were met at each position. */
  private readonly functions: (readonly number[])[] = [];
  private readonly used: SharedObject[] = [];
  private scratch = new Int32Array(0);

  constructor(private readonly execution: Execution<S>) {
    const { model, firstId } = execution;
    this.plain = new PlainState(model.name, model.fingerprint === undefined, firstId);
  }

  /** The first execution has begun. */
  begin(): void {
    this.plain.beginExecution();
    this.owners = Object.keys(this.plainParts().own ?? {});
    this.scratch = new Int32Array(2 * this.count);
  }

  /** Number of pairs. */
  get count(): number {
    return this.owners.length + 1;
  }

  /** The number of the pair that the context of that name has for its own; 0 if it has none. */
  ownerOf(name: string): number {
    return this.owners.indexOf(name) + 1;
  }

  /** Another execution has repeated the steps up to position `at`. */
  restore(at: number): void {
    const { plain } = this;
    plain.beginExecution();
    if (this.functions[at].length === 0) return;
    plain.beginAgain(this.functions[at]);
    this.addParts(this.scratch, 0);
  }

  /**
   * Digests the plain state of position `at` into `cells` from `place` on; what is new in it was made by the context that
   * `creator` stands for.
   */
  look(at: number, creator: number, cells: Int32Array, place: number): void {
    const { plain } = this;
    plain.begin(creator);
    this.addParts(cells, place);
    const before = at === 0 ? undefined : this.functions[at - 1];
    const { functions } = plain;
    const isSame = before?.length === functions.length && functions.every((tag, i) => tag === before[i]);
    this.functions[at] = isSame && before !== undefined ? before : functions.slice();
  }

  /** True if the step to position `at` has made functions or dropped some. */
  hasOtherFunctions(at: number): boolean {
    return this.functions[at] !== this.functions[at - 1];
  }

  /** The step to position `at` need not be looked at: it has no other functions. */
  keepFunctions(at: number): void {
    this.functions[at] = this.functions[at - 1];
  }

  /** The shared objects that hold one value and were met at the last look. */
  get words(): readonly SharedObject[] {
    return this.plain.words;
  }

  private plainParts(): PlainParts {
    const { model, current, stage } = this.execution;
    return model.fingerprint?.(current) ?? { shared: [current, stage.machines] };
  }

  private addParts(cells: Int32Array, place: number): void {
    const { plain, owners } = this;
    const { shared, own = {} } = this.plainParts();
    plain.beginPart();
    plain.add(shared);
    this.addUsed();
    this.setPart(cells, place);
    for (let i = 0; i < owners.length; i++) {
      plain.beginPart();
      plain.add(own[owners[i]]);
      this.setPart(cells, place + 2 * i + 2);
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

  private setPart(cells: Int32Array, place: number): void {
    const { digest } = this.plain;
    digest.finish();
    cells[place] = digest.a;
    cells[place + 1] = digest.b;
  }
}
