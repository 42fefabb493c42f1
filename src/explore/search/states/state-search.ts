import { accessOf } from '../../execution/access.js';
import { lowest, MAX_CONTEXTS } from '../../execution/context-set.js';
import { History } from '../history.js';
import type { Search, SearchSetup } from '../search.js';
import { KnownSteps, move } from './known-steps.js';
import { Observations } from './observations.js';
import { CONTEXT, CONTEXTS, COUNT, hasStep } from './state-cells.js';
import { VisitedStates } from './visited.js';

/**
 * Goes to every state once: depth-first search in which a path ends where it comes to a state that was there before, with
 * sleep sets, so that steps which do not depend on each other are done in one order (Godefroid, "Partial-order methods for
 * the verification of concurrent systems", LNCS 1032, section 5.3). A state that was left with some contexts asleep is gone
 * on from when it is come to with those awake.
 *
 * States are those of Observations, of which a digest is kept (VisitedStates). What steps make of states is kept, too
 * (KnownSteps): where all that decides a step has been the same before, the search goes on without running it, and the
 * model runs only where a step is new, or a path ends. So it does with sequentially consistent memory, as long as no time
 * passes and no property is to be looked at after each step.
 *
 * All states are visited, which persistent or source sets would not do, so that `always` properties need no `watches` here.
 * As in Reduction, a step that changes more than its announced object is never put to sleep.
 */
export class StateSearch<S> implements Search {
  readonly limits: readonly string[] = [];
  private readonly history: History<S>;
  private readonly observations: Observations<S>;
  private readonly visited = new VisitedStates();
  private readonly known = new KnownSteps();
  private readonly todo: Int32Array;
  private readonly done: Int32Array;
  private readonly sleep: Int32Array;
  /** Contexts tried whose step must not sleep. */
  private readonly wakeful: Int32Array;
  private readonly chosen: Int32Array;
  private readonly nowNs: Float64Array;
  /** Digests of the states; and for each context in them, the number of its next step. */
  private readonly digests: Int32Array;
  private readonly steps: Int32Array;
  /** For each context in each state, who does not depend on its next step, unless that is read from the cells. */
  private readonly others: Int32Array;
  /** Whether contexts can move and depend on each other is seen from the cells of a state. */
  private readonly byCells: boolean;
  /** Steps of the present path that the model has done; -1: it has to begin anew. */
  private ran = -1;
  /** An execution has begun that has not been counted. */
  private isOpen = false;
  /** What had gone wrong before the step that the model did last. */
  private broken = '';
  private prefix = 0;
  private started = false;

  constructor(private readonly setup: SearchSetup<S>) {
    const { execution, maxSteps } = setup;
    const size = maxSteps + 1;
    this.history = new History(execution, maxSteps);
    this.observations = new Observations(execution);
    this.todo = new Int32Array(size);
    this.done = new Int32Array(size);
    this.sleep = new Int32Array(size);
    this.wakeful = new Int32Array(size);
    this.chosen = new Int32Array(size);
    this.nowNs = new Float64Array(size);
    this.digests = new Int32Array(2 * size);
    this.steps = new Int32Array(size * MAX_CONTEXTS);
    this.byCells =
      execution.stage.memory === 'sc' && execution.model.always === undefined && !execution.isHeard;
    this.others = new Int32Array(this.byCells ? 0 : size * MAX_CONTEXTS);
  }

  get states(): number {
    return this.visited.size;
  }

  next(): boolean {
    if (this.started && !this.backtrack()) {
      this.giveUp();
      return false;
    }
    this.prefix = this.run();
    this.started = true;
    return true;
  }

  private backtrack(): boolean {
    for (let at = this.prefix - 1; at >= 0; at--) {
      if (!this.choose(at)) continue;
      this.prefix = at + 1;
      if (this.ran > at) this.giveUp();
      this.setup.tally.repeated(at);
      return true;
    }
    return false;
  }

  /** The execution at hand goes no further. */
  private giveUp(): void {
    if (this.isOpen) this.setup.tally.wasRedundant(this.ran);
    this.isOpen = false;
    this.ran = -1;
  }

  /** Chooses what is tried next in the state at position `at`. @returns false if all was, or leads nowhere new. */
  private choose(at: number): boolean {
    const last = at === 0 ? -1 : this.chosen[at - 1];
    for (;;) {
      const left = this.todo[at] & ~this.done[at];
      if (left === 0) return false;
      const pid = last >= 0 && (left & (1 << last)) !== 0 ? last : lowest(left);
      const isKnown = this.leadsToKnown(at, pid);
      this.done[at] |= 1 << pid;
      if (isKnown) continue;
      this.chosen[at] = pid;
      return true;
    }
  }

  /** True if the step of context `pid` is known to lead to a state that all that matters was tried in. */
  private leadsToKnown(at: number, pid: number): boolean {
    const { digests, known, visited } = this;
    const step = this.steps[at * MAX_CONTEXTS + pid];
    if (!known.hasEffect(step)) return false;
    const place = visited.find(
      (digests[2 * at] + known.a(step)) | 0,
      (digests[2 * at + 1] + known.b(step)) | 0,
    );
    if (visited.isNew(place)) return false;
    const asleep = (this.sleep[at] | (this.done[at] & ~this.wakeful[at])) & this.othersOf(at, pid);
    return (visited.sleepAt(place) & ~asleep) === 0;
  }

  /** @returns the number of its steps that later paths may share. */
  private run(): number {
    const { tally, maxSteps, stopAtFirst } = this.setup;
    let at = this.prefix;
    let isKnown = false;
    if (this.started) isKnown = this.move(at - 1);
    else this.realise(0);
    while (tally.broken === undefined || !stopAtFirst) {
      const enabled = isKnown ? this.foresee(at) : this.look(at);
      if (!this.arrive(at, enabled, isKnown)) return at;
      if (enabled === 0) {
        this.realise(at);
        tally.cameToEnd(at, this.chosen);
        break;
      }
      if (at === maxSteps) {
        this.realise(at);
        tally.wasCut(at);
        this.isOpen = false;
        return at;
      }
      if (!this.choose(at)) return at;
      isKnown = this.move(at++);
    }
    tally.ended(at);
    this.isOpen = false;
    return at;
  }

  /** Has the model do the present path up to position `at`. */
  private realise(at: number): void {
    const { chosen, nowNs } = this;
    const { execution, tally } = this.setup;
    const isNew = this.ran < 0;
    if (isNew) {
      execution.begin();
      this.history.begin();
      this.ran = 0;
      this.isOpen = true;
    }
    for (; this.ran < at; this.ran++) {
      execution.stage.nowNs = nowNs[this.ran];
      execution.perform(chosen[this.ran]);
    }
    execution.stage.nowNs = nowNs[at];
    if (this.started) {
      if (isNew) this.observations.restore(at);
      return;
    }
    if (at > 0) return;
    tally.began(chosen);
    this.observations.begin();
  }

  /** Makes the chosen step of position `at`. @returns false if the model had to do it; then it is there. */
  private move(at: number): boolean {
    const { known, observations, digests } = this;
    const { execution, tally } = this.setup;
    const pid = this.chosen[at];
    const step = this.steps[at * MAX_CONTEXTS + pid];
    if (this.byCells && !execution.stage.usesVirtualTime && known.hasEffect(step)) {
      known.apply(step, observations.nextRow(at));
      observations.follow(at + 1);
      digests[2 * at + 2] = (digests[2 * at] + known.a(step)) | 0;
      digests[2 * at + 3] = (digests[2 * at + 1] + known.b(step)) | 0;
      this.nowNs[at + 1] = this.nowNs[at];
      return true;
    }
    this.realise(at);
    this.broken = tally.brokenKey;
    observations.before(at, pid);
    this.history.performAlone(at, pid);
    observations.after(at, pid);
    this.ran = at + 1;
    if (this.history.hasChanges(at)) this.wakeful[at] |= 1 << pid;
    tally.stepped(at + 1, this.chosen);
    return false;
  }

  /** Looks at the state at position `at`, where the model is. @returns the contexts that can move. */
  private look(at: number): number {
    const { observations, digests } = this;
    const { execution, tally } = this.setup;
    const enabled = execution.enabled();
    const { brokenKey } = tally;
    this.nowNs[at] = execution.stage.nowNs;
    observations.identify(at, brokenKey);
    const { a, b } = observations.state;
    digests[2 * at] = a;
    digests[2 * at + 1] = b;
    if (at > 0 && brokenKey === this.broken && observations.isPlain) this.learn(at - 1);
    this.findSteps(at, -1);
    if (this.byCells) this.noteMoves(at, enabled);
    return enabled;
  }

  /** Works out the state at position `at`, to which a known step leads. @returns the contexts that can move. */
  private foresee(at: number): number {
    const { known, steps, observations } = this;
    this.findSteps(at, this.chosen[at - 1]);
    const row = observations.row(at);
    let enabled = 0;
    for (let pid = 0; pid < row[COUNT]; pid++) {
      if (!hasStep(row[CONTEXTS + CONTEXT * pid + 2])) continue;
      const can = known.moveOf(steps[at * MAX_CONTEXTS + pid]);
      if (can === move.ENABLED) enabled |= 1 << pid;
      if (can !== move.UNKNOWN) continue;
      this.realise(at);
      const real = this.setup.execution.enabled();
      this.noteMoves(at, real);
      return real;
    }
    return enabled;
  }

  /** Notes which contexts can make their steps in the state at position `at`, where the model is. */
  private noteMoves(at: number, enabled: number): void {
    const { known, steps } = this;
    const { execution } = this.setup;
    const { contexts, count } = execution.stage;
    for (let pid = 0; pid < count; pid++) {
      const step = steps[at * MAX_CONTEXTS + pid];
      if (contexts[pid].step === undefined || known.moveOf(step) !== move.UNKNOWN) continue;
      if (!execution.looksElsewhere(contexts[pid])) known.setMove(step, (enabled & (1 << pid)) !== 0);
    }
  }

  /** Notes what the chosen step of position `at`, just done, has made of the state. */
  private learn(at: number): void {
    const { digests, known, observations } = this;
    const pid = this.chosen[at];
    const step = this.steps[at * MAX_CONTEXTS + pid];
    if (known.hasEffect(step)) return;
    const a = (digests[2 * at + 2] - digests[2 * at]) | 0;
    const b = (digests[2 * at + 3] - digests[2 * at + 1]) | 0;
    if (this.byCells)
      known.learn(step, a, b, observations.row(at), observations.row(at + 1), observations.near(at, pid));
    else known.learnDifference(step, a, b);
  }

  /** Finds the numbers of the steps that can come next at position `at`; most are those of before if `mover` made a known one. */
  private findSteps(at: number, mover: number): void {
    const { observations, steps, known } = this;
    const row = observations.row(at);
    const before = mover < 0 ? -1 : this.steps[(at - 1) * MAX_CONTEXTS + mover];
    const isNarrow = before >= 0 && known.isNarrow(before);
    for (let pid = 0; pid < row[COUNT]; pid++) {
      const place = at * MAX_CONTEXTS + pid;
      if (isNarrow && pid !== mover && observations.isFarFrom(at - 1, mover, pid)) {
        steps[place] = steps[place - MAX_CONTEXTS];
        continue;
      }
      if (!hasStep(row[CONTEXTS + CONTEXT * pid + 2])) continue;
      observations.identifyStep(at, pid);
      steps[place] = known.numberOf(observations.step.a, observations.step.b);
    }
  }

  /**
   * Comes to a state: decides what is tried there.
   *
   * @param isKnown the model has not done the step to it.
   * @returns false if all that was tried there before, or is elsewhere.
   */
  private arrive(at: number, enabled: number, isKnown: boolean): boolean {
    const { visited, digests } = this;
    this.done[at] = 0;
    this.wakeful[at] = 0;
    const place = visited.find(digests[2 * at], digests[2 * at + 1]);
    const asleep = isKnown ? this.stillAsleep(at - 1) : this.sleepers(at);
    if (visited.isNew(place)) {
      visited.add(place, digests[2 * at], digests[2 * at + 1], asleep);
      this.sleep[at] = asleep;
      this.todo[at] = enabled & ~asleep;
      if (this.todo[at] === 0 && enabled !== 0) return false;
    } else {
      const before = visited.sleepAt(place);
      this.sleep[at] = before & asleep;
      this.todo[at] = before & ~asleep & enabled;
      if (this.todo[at] === 0) return false;
      visited.setSleep(place, before & asleep);
    }
    if (!this.byCells) this.noteOthers(at);
    return true;
  }

  private noteOthers(at: number): void {
    const { history } = this;
    const { contexts, count } = this.setup.execution.stage;
    for (let rest = this.todo[at]; rest !== 0; rest &= rest - 1) {
      const pid = lowest(rest);
      let others = 0;
      for (let other = 0; other < count; other++) {
        if (other !== pid && history.independent(contexts[pid], contexts[other])) others |= 1 << other;
      }
      this.others[at * MAX_CONTEXTS + pid] = others;
    }
  }

  /** The contexts whose next steps, as far as they are announced, do not depend on that of context `pid`. */
  private othersOf(at: number, pid: number): number {
    if (!this.byCells) return this.others[at * MAX_CONTEXTS + pid];
    return this.observations.independentOf(at, pid);
  }

  private triedAt(at: number): number {
    return this.sleep[at] | (this.done[at] & ~this.wakeful[at] & ~(1 << this.chosen[at]));
  }

  /** Contexts whose next step was tried at position `at` or before, and commutes with the known step that is made there. */
  private stillAsleep(at: number): number {
    const tried = this.triedAt(at);
    return tried === 0 ? 0 : tried & this.observations.independentOf(at, this.chosen[at]);
  }

  /** Contexts whose next step was tried before, and commutes with all that was done since. */
  private sleepers(at: number): number {
    const before = at - 1;
    if (before < 0 || this.setup.execution.timePassed) return 0;
    let sleep = 0;
    for (let rest = this.triedAt(before); rest !== 0; rest &= rest - 1) {
      const pid = lowest(rest);
      const context = this.setup.execution.stage.contexts[pid];
      const { history } = this;
      if (history.dependsByCpu(before, context, false)) continue;
      if (history.dependsByObject(before, context, accessOf(context))) continue;
      sleep |= 1 << pid;
    }
    return sleep;
  }
}
