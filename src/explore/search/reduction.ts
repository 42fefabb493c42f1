import { type Context, contextKind } from '../execution/context.js';
import { History } from './history.js';
import { lowest } from '../execution/context-set.js';
import { type DivisibleSearch, type SearchSetup, ShardDealer } from './search.js';
import type { Step } from '../../machine/step.js';
import { accessOf } from '../execution/access.js';
import type { Unit, Wanted } from './unit.js';

const nothing: readonly number[] = [];

/**
 * Runs at least one execution of every class that differs only in the order of independent steps: dynamic partial-order
 * reduction with source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic partial order
 * reduction", POPL 2014, algorithm 1). Where two dependent steps of an execution could have come in the other order,
 * that order is added to what must be tried.
 *
 * Deviates from the paper, where no step can block: a step that is blocked where an execution ends counts as if it came
 * last. And what a step changes besides its announced object (contexts raised, waiters woken) is known only once it has
 * been done, so such a step is never put to sleep.
 */
export class Reduction<S> implements DivisibleSearch {
  readonly limits: readonly string[] = [];
  readonly wanted: Wanted[] = [];
  private readonly history: History<S>;
  private readonly enabled: Int32Array;
  private readonly todo: Int32Array;
  private readonly done: Int32Array;
  private readonly sleep: Int32Array;
  /** Contexts tried whose step must not sleep. */
  private readonly wakeful: Int32Array;
  /** Contexts tried, or asleep, whose step leaves their CPU to other tasks. */
  private readonly yielding: Int32Array;
  /** For each state: sets of contexts of which all are to be tried if one is. */
  private readonly together: (readonly number[])[] = [];
  private readonly chosen: Int32Array;
  private readonly choices: Int32Array;
  private readonly nowNs: Float64Array;
  private readonly dealer: ShardDealer;
  /** What is to be tried in states before it is for others. */
  private readonly floor: number;
  private prefix = 0;
  private started = false;

  constructor(private readonly setup: SearchSetup<S>) {
    const size = setup.maxSteps + 1;
    this.history = new History(setup.execution, setup.maxSteps);
    this.enabled = new Int32Array(size);
    this.todo = new Int32Array(size);
    this.done = new Int32Array(size);
    this.sleep = new Int32Array(size);
    this.wakeful = new Int32Array(size);
    this.yielding = new Int32Array(size);
    this.chosen = new Int32Array(size);
    this.choices = new Int32Array(size);
    this.nowNs = new Float64Array(size);
    this.dealer = new ShardDealer(setup.shard);
    this.floor = setup.unit?.floor ?? 0;
    if (setup.unit !== undefined) this.load(setup.unit);
  }

  next(): boolean {
    if (this.started && !this.backtrack()) return false;
    this.prefix = this.run();
    this.started = true;
    return true;
  }

  rest(): Unit | undefined {
    if (!this.backtrack()) return undefined;
    const states = Array.from({ length: this.prefix }, (_, at) => ({
      chosen: this.chosen[at],
      enabled: this.enabled[at],
      todo: this.todo[at],
      done: this.done[at],
      sleep: this.sleep[at],
      wakeful: this.wakeful[at],
      yielding: this.yielding[at],
      nowNs: this.nowNs[at],
    }));
    return { states, floor: this.floor, unseen: 0 };
  }

  private load({ states, floor, unseen }: Unit): void {
    this.prefix = states.length;
    states.forEach((state, at) => {
      this.chosen[at] = state.chosen;
      this.enabled[at] = state.enabled;
      this.todo[at] = state.todo;
      this.done[at] = state.done;
      this.sleep[at] = state.sleep;
      this.wakeful[at] = state.wakeful;
      this.yielding[at] = state.yielding;
      this.nowNs[at] = state.nowNs;
    });
    for (let rest = unseen; rest !== 0; rest &= rest - 1) {
      this.tryAlone(floor - 1, lowest(rest));
    }
  }

  /** Does the step of context `pid` in state `at` for what is to be known of it. */
  private tryAlone(at: number, pid: number): void {
    const { execution } = this.setup;
    execution.begin();
    this.history.begin();
    for (let i = 0; i < at; i++) {
      execution.stage.nowNs = this.nowNs[i];
      execution.perform(this.chosen[i]);
    }
    execution.stage.nowNs = this.nowNs[at];
    this.history.performAlone(at, pid);
    this.noteTried(at, pid);
  }

  private backtrack(): boolean {
    for (let at = this.prefix - 1; at >= this.floor; at--) {
      const left = this.todo[at] & ~this.done[at] & ~this.sleep[at];
      if (left === 0) continue;
      this.choose(at, left);
      this.prefix = at + 1;
      return true;
    }
    return false;
  }

  private choose(at: number, mask: number): void {
    const last = at === 0 ? -1 : this.chosen[at - 1];
    const pid = last >= 0 && (mask & (1 << last)) !== 0 ? last : lowest(mask);
    this.chosen[at] = pid;
    this.done[at] |= 1 << pid;
  }

  /** @returns the number of its steps that later executions may share. */
  private run(): number {
    const { execution, tally, maxSteps, stopAtFirst } = this.setup;
    execution.begin();
    this.history.begin();
    let at = 0;
    if (this.prefix === 0) tally.began(this.chosen);
    else {
      at = this.started ? this.repeat() : this.enter();
      this.move(at++);
    }
    while (tally.broken === undefined || !stopAtFirst) {
      if (at > 0 && this.hidesCommits(at - 1)) {
        tally.wasRedundant(at);
        return at;
      }
      const enabled = execution.enabled();
      if (execution.timePassed) this.history.timePassed.push(at);
      if (!this.dealer.takes(at, this.choices, enabled)) return at;
      if (enabled === 0) {
        this.findRacesOfBlocked(at, 0);
        tally.cameToEnd(at, this.chosen);
        break;
      }
      if (at === maxSteps) {
        this.findRacesOfBlocked(at, 0);
        this.tryPostponed(at, enabled);
        tally.wasCut(at);
        return at;
      }
      if (!this.open(at, enabled)) {
        this.findRacesOfBlocked(at, enabled);
        tally.wasRedundant(at);
        return at;
      }
      this.move(at++);
    }
    tally.ended(at);
    return at;
  }

  /** Repeats the known prefix but for its last step. @returns the number of steps done. */
  private repeat(): number {
    const end = this.prefix - 1;
    for (let at = 0; at < end; at++) {
      this.restoreTime(at);
      this.history.perform(at, this.chosen[at]);
    }
    this.restoreTime(end);
    this.setup.tally.repeated(end);
    return end;
  }

  /** Does the path of a unit but for its last step, working out what depends on what. @returns the number of steps done. */
  private enter(): number {
    const { tally } = this.setup;
    const end = this.prefix - 1;
    tally.began(this.chosen);
    for (let at = 0; at < end; at++) {
      this.restoreTime(at);
      this.together[at] = this.alternatives(this.enabled[at]);
      this.history.performNew(at, this.chosen[at]);
      tally.stepped(at + 1, this.chosen);
    }
    this.restoreTime(end);
    this.together[end] = this.alternatives(this.enabled[end]);
    return end;
  }

  private restoreTime(at: number): void {
    const { stage } = this.setup.execution;
    if (stage.nowNs === this.nowNs[at]) return;
    stage.nowNs = this.nowNs[at];
    this.history.timePassed.push(at);
  }

  private move(at: number): void {
    const { execution, tally } = this.setup;
    const pid = this.chosen[at];
    const context = execution.stage.contexts[pid];
    const { step } = context;
    const { history } = this;
    if (!history.canYield(context)) this.findRace(at - 1, context, step, accessOf(context), false);
    history.performNew(at, pid, (code) => this.findRace(at - 1, context, step, code, history.hasYielded(at)));
    this.noteTried(at, pid);
    tally.stepped(at + 1, this.chosen);
  }

  /** Notes what is known of the step of context `pid` in state `at`, now that it has been done. */
  private noteTried(at: number, pid: number): void {
    if (this.history.hasChanges(at)) this.wakeful[at] |= 1 << pid;
    if (this.history.hasYielded(at)) this.yielding[at] |= 1 << pid;
  }

  /**
   * True if the step just done, `at`, let stores reach memory that had waited: then they reach it one by one instead, by
   * commits of their own, since others may come between them and the step.
   */
  private hidesCommits(at: number): boolean {
    if (!this.history.hasDrained(at)) return false;
    let commits = 0;
    for (const { pid } of this.setup.execution.stage.contexts[this.chosen[at]].lane.commits)
      commits |= 1 << pid;
    commits &= this.enabled[at];
    // All that begins with those commits has been seen: what is left of this state begins with another context.
    this.want(at, 0, (commits & ~this.sleep[at]) === 0 ? this.enabled[at] : commits);
    return true;
  }

  /** Has `add` tried in state `at`, unless one of `first` is tried there. */
  private want(at: number, first: number, added: number): void {
    const { todo, sleep, wanted } = this;
    const add = this.withAlternatives(at, added);
    if ((first & (todo[at] | sleep[at])) !== 0 || (todo[at] & add) === add) return;
    if (at >= this.floor) {
      todo[at] |= add;
      return;
    }
    for (const known of wanted) if (known.at === at && known.first === first && known.add === add) return;
    wanted.push({ at, first, add });
  }

  /** A new state: decides what is tried there. @returns false if it only leads to executions seen already. */
  private open(at: number, enabled: number): boolean {
    this.nowNs[at] = this.setup.execution.stage.nowNs;
    this.enabled[at] = enabled;
    this.together[at] = this.alternatives(enabled);
    this.done[at] = 0;
    this.wakeful[at] = 0;
    this.todo[at] = 0;
    this.choices[at + 1] = this.choices[at] + ((enabled & (enabled - 1)) !== 0 ? 1 : 0);
    const isShared = this.dealer.isShared(this.choices[at]);
    this.sleep[at] = isShared ? 0 : this.sleepers(at);
    this.yielding[at] = at === 0 ? 0 : this.yielding[at - 1] & this.sleep[at];
    const awake = enabled & ~this.sleep[at];
    if (awake === 0) return false;
    this.choose(at, awake);
    this.todo[at] = isShared ? enabled : this.withAlternatives(at, 1 << this.chosen[at]);
    return true;
  }

  /** `contexts`, and what must be tried in state `at` if they are. */
  private withAlternatives(at: number, contexts: number): number {
    let all = contexts;
    for (const set of this.together[at]) if ((contexts & set) !== 0) all |= set;
    return all;
  }

  /**
   * Where a load may have been early, that it was not is another choice of the same CPU: neither shows in an execution that
   * begins with the other.
   */
  private alternatives(enabled: number): readonly number[] {
    const { stage } = this.setup.execution;
    if (stage.memory !== 'arm64') return nothing;
    stage.finishMove();
    const sets: number[] = [];
    for (const { early, index } of stage.usedLanes()) {
      if (early === undefined || (enabled & (1 << early.pid)) === 0) continue;
      let set = 0;
      for (let rest = enabled; rest !== 0; rest &= rest - 1) {
        const pid = lowest(rest);
        const { lane, kind } = stage.contexts[pid];
        if (lane.index === index && kind !== contextKind.COMMIT) set |= 1 << pid;
      }
      sets.push(set);
    }
    return sets;
  }

  /** Contexts whose next step was tried before, and commutes with all that was done since. */
  private sleepers(at: number): number {
    const before = at - 1;
    if (before < 0 || this.dealer.isShared(this.choices[before])) return 0;
    const tried = this.done[before] & ~this.wakeful[before] & ~(1 << this.chosen[before]);
    let sleep = 0;
    for (let rest = this.sleep[before] | tried; rest !== 0; rest &= rest - 1) {
      const pid = lowest(rest);
      const context = this.setup.execution.stage.contexts[pid];
      const code = accessOf(context);
      const { history } = this;
      const yields = (this.yielding[before] & (1 << pid)) !== 0;
      if (history.dependsByCpu(before, context, yields)) continue;
      if (history.dependsByObject(before, context, code)) continue;
      sleep |= 1 << pid;
    }
    return sleep;
  }

  /** Where an execution ends after `steps` steps, those that do not go on compete with what was done, too. */
  private findRacesOfBlocked(steps: number, enabled: number): void {
    const { execution } = this.setup;
    const { contexts, count } = execution.stage;
    for (let pid = 0; pid < count; pid++) {
      const context = contexts[pid];
      if (context.step === undefined || context.kind === contextKind.EARLY || (enabled & (1 << pid)) !== 0)
        continue;
      const { step } = context;
      const yields = this.history.canYield(context);
      this.findRace(steps - 1, context, step, accessOf(context), yields);
      for (const code of execution.looksOf(context)) this.findRace(steps - 1, context, step, code, yields);
    }
  }

  /**
   * An execution cut after `steps` steps may have gone on for ever without those who could move: a loop that polls what
   * only they change. So each is tried where its next step could have come at the earliest with the same before it.
   */
  private tryPostponed(steps: number, enabled: number): void {
    const { contexts } = this.setup.execution.stage;
    for (let rest = enabled; rest !== 0; rest &= rest - 1) {
      const pid = lowest(rest);
      const context = contexts[pid];
      let at = this.history.earliest(steps, context, accessOf(context));
      while (at < steps && (this.enabled[at] & (1 << pid)) === 0) at += 1;
      if (at < steps) this.want(at, 0, 1 << pid);
    }
  }

  /**
   * Looks back from step `from` for those that compete with an access of the context's next step: they depend on each
   * other, nothing orders them, and the context could have gone first.
   *
   * @param yields as History.dependsByCpu has it.
   */
  private findRace(
    from: number,
    context: Context,
    step: Step | undefined,
    code: number,
    yields: boolean,
  ): void {
    const { history } = this;
    const { pid } = context;
    history.beginFront(pid, step);
    const canWait = this.canWait(context, step);
    for (let i = from; i >= 0; i--) {
      if (history.pid[i] === pid || history.inFront(i)) continue;
      const byCpu = history.dependsByCpu(i, context, yields);
      if (!byCpu && !history.dependsByObject(i, context, code)) continue;
      if (byCpu && history.keptFromCpu(i, pid)) continue;
      if (history.isHandover(i, step, code)) continue;
      const end = history.endOfStretch(i, from);
      if (end === 0) continue;
      const competes = this.tryBefore(i, end, context, code, yields);
      // Where it is not sure that the step could have been done before `i`, earlier ones may be those that it races with.
      if (competes && end > from && (!canWait || (this.enabled[i] & (1 << pid)) !== 0)) history.joinFront(i);
    }
  }

  /** True if other contexts can keep the context from doing `step`. */
  private canWait(context: Context, step: Step | undefined): boolean {
    const { lane } = context;
    if (this.setup.execution.stage.memory === 'arm64') return true;
    if (step === undefined || context.kind === contextKind.COMMIT) return false;
    if (
      step.kind === 'acquire' ||
      step.kind === 'wait' ||
      step.kind === 'sleep' ||
      step.found !== undefined
    ) {
      return true;
    }
    return lane.isShared && lane.buffer !== undefined;
  }

  /**
   * Sees to it that the context's next step is tried before step `i`: by letting one go first in that state that can
   * begin what is to come before it, unless such a one is tried already.
   *
   * @returns false if step `i` is what made the context's next step possible, so that they do not compete.
   */
  private tryBefore(i: number, end: number, context: Context, code: number, yields: boolean): boolean {
    const { history, enabled } = this;
    const self = 1 << context.pid;
    let seen = 0;
    let first = 0;
    let isFree = true;
    for (let j = i + 1; j < end; j++) {
      if (history.isStepBefore(i, j)) continue;
      const other = 1 << history.pid[j];
      if ((seen & other) === 0 && !this.isBehindAny(i, j)) first |= other;
      seen |= other;
      if (other === self || this.isBeforeNext(j, context, code, yields)) isFree = false;
    }
    if (isFree) {
      // Nothing else could have made it possible, so if it was not then, it is step `i` that made it so.
      if ((enabled[i] & self) === 0) return false;
      first |= self;
    }
    first &= enabled[i];
    if (first === 0) this.want(i, 0, enabled[i]);
    else this.want(i, first, (first & self) !== 0 ? self : first & -first);
    return true;
  }

  /** True if step `j` happened after one of those behind step `i` that do not depend on `i`. */
  private isBehindAny(i: number, j: number): boolean {
    const { history } = this;
    for (let k = i + 1; k < j; k++) {
      if (!history.isStepBefore(i, k) && history.isStepBefore(k, j)) return true;
    }
    return false;
  }

  private isBeforeNext(j: number, context: Context, code: number, yields: boolean): boolean {
    const { history } = this;
    if (history.isBefore(j)) return true;
    return history.dependsByCpu(j, context, yields) || history.dependsByObject(j, context, code);
  }
}
