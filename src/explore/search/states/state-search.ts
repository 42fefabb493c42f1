import { accessOf } from '../../execution/access.js';
import { lowest, MAX_CONTEXTS } from '../../execution/context-set.js';
import { History } from '../history.js';
import type { Search, SearchSetup } from '../search.js';
import { Observations } from './observations.js';
import { StepEffects } from './step-effects.js';
import { VisitedStates } from './visited.js';

/**
 * Goes to every state once: depth-first search in which an execution ends where it comes to a state that was there before,
 * with sleep sets, so that steps which do not depend on each other are done in one order (Godefroid, "Partial-order methods
 * for the verification of concurrent systems", LNCS 1032, section 5.3). A state that was left with some contexts asleep
 * is gone on from when it is come to with those awake.
 *
 * States are those of Observations, of which a digest is kept (VisitedStates). All states are visited, which persistent or
 * source sets would not do, so that `always` properties need no `watches` here. As in Reduction, a step that changes more
 * than its announced object is never put to sleep.
 */
export class StateSearch<S> implements Search {
  readonly limits: readonly string[] = [];
  private readonly history: History<S>;
  private readonly observations: Observations<S>;
  private readonly visited = new VisitedStates();
  private readonly todo: Int32Array;
  private readonly done: Int32Array;
  private readonly sleep: Int32Array;
  /** Contexts tried whose step must not sleep. */
  private readonly wakeful: Int32Array;
  private readonly chosen: Int32Array;
  private readonly nowNs: Float64Array;
  /** Digests of the states, and of the steps that contexts can make there; for each step, who does not depend on it. */
  private readonly states: Int32Array;
  private readonly steps: Int32Array;
  private readonly others: Int32Array;
  private readonly effects = new StepEffects();
  private broken = '';
  private prefix = 0;
  private started = false;

  constructor(private readonly setup: SearchSetup<S>) {
    const size = setup.maxSteps + 1;
    this.history = new History(setup.execution, setup.maxSteps);
    this.observations = new Observations(setup.execution, setup.maxSteps);
    this.todo = new Int32Array(size);
    this.done = new Int32Array(size);
    this.sleep = new Int32Array(size);
    this.wakeful = new Int32Array(size);
    this.chosen = new Int32Array(size);
    this.nowNs = new Float64Array(size);
    this.states = new Int32Array(2 * size);
    this.steps = new Int32Array(2 * size * MAX_CONTEXTS);
    this.others = new Int32Array(size * MAX_CONTEXTS);
  }

  next(): boolean {
    if (this.started && !this.backtrack()) return false;
    this.prefix = this.run();
    this.started = true;
    return true;
  }

  private backtrack(): boolean {
    for (let at = this.prefix - 1; at >= 0; at--) {
      if (!this.choose(at)) continue;
      this.prefix = at + 1;
      return true;
    }
    return false;
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
    const { states, steps, effects, visited } = this;
    const step = 2 * (at * MAX_CONTEXTS + pid);
    const effect = effects.find(steps[step], steps[step + 1]);
    if (!effects.isThere(effect)) return false;
    const place = visited.find(
      (states[2 * at] + effects.a(effect)) | 0,
      (states[2 * at + 1] + effects.b(effect)) | 0,
    );
    if (visited.isNew(place)) return false;
    const asleep =
      (this.sleep[at] | (this.done[at] & ~this.wakeful[at])) & this.others[at * MAX_CONTEXTS + pid];
    return (visited.sleepAt(place) & ~asleep) === 0;
  }

  /** @returns the number of its steps that later executions may share. */
  private run(): number {
    const { execution, tally, maxSteps, stopAtFirst } = this.setup;
    execution.begin();
    this.history.begin();
    let at = 0;
    if (!this.started) {
      tally.began(this.chosen);
      this.observations.begin();
    } else {
      at = this.repeat();
      tally.repeated(at);
      this.broken = tally.brokenKey;
      this.observations.restore(at);
      this.move(at++);
    }
    while (tally.broken === undefined || !stopAtFirst) {
      const enabled = execution.enabled();
      if (!this.arrive(at, enabled)) {
        tally.wasRedundant(at);
        return at;
      }
      if (enabled === 0) {
        tally.cameToEnd(at, this.chosen);
        break;
      }
      if (at === maxSteps) {
        tally.wasCut(at);
        return at;
      }
      if (!this.choose(at)) {
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
    const { execution } = this.setup;
    const end = this.prefix - 1;
    for (let at = 0; at < end; at++) {
      execution.stage.nowNs = this.nowNs[at];
      execution.perform(this.chosen[at]);
    }
    execution.stage.nowNs = this.nowNs[end];
    return end;
  }

  private move(at: number): void {
    const pid = this.chosen[at];
    this.observations.before(at, pid);
    this.history.performAlone(at, pid);
    this.observations.after(at, pid);
    if (this.history.hasChanges(at)) this.wakeful[at] |= 1 << pid;
    this.setup.tally.stepped(at + 1, this.chosen);
  }

  /** Comes to a state: decides what is tried there. @returns false if all that was tried there before, or is elsewhere. */
  private arrive(at: number, enabled: number): boolean {
    const { visited, observations } = this;
    this.nowNs[at] = this.setup.execution.stage.nowNs;
    this.done[at] = 0;
    this.wakeful[at] = 0;
    const { brokenKey } = this.setup.tally;
    observations.identify(at, brokenKey);
    const { a, b } = observations.state;
    this.states[2 * at] = a;
    this.states[2 * at + 1] = b;
    if (at > 0 && brokenKey === this.broken && observations.isPlain(at)) this.learn(at);
    this.broken = brokenKey;
    const place = visited.find(a, b);
    const asleep = this.sleepers(at);
    if (visited.isNew(place)) {
      visited.add(place, a, b, asleep);
      this.sleep[at] = asleep;
      this.todo[at] = enabled & ~asleep;
      this.lookAhead(at);
      return this.todo[at] !== 0 || enabled === 0;
    }
    const before = visited.sleepAt(place);
    this.sleep[at] = before & asleep;
    this.todo[at] = before & ~asleep & enabled;
    if (this.todo[at] === 0) return false;
    visited.setSleep(place, before & asleep);
    this.lookAhead(at);
    return true;
  }

  /** Notes what the step to position `at` has made of the state before it. */
  private learn(at: number): void {
    const { states, steps } = this;
    const step = 2 * ((at - 1) * MAX_CONTEXTS + this.chosen[at - 1]);
    const a = (states[2 * at] - states[2 * at - 2]) | 0;
    const b = (states[2 * at + 1] - states[2 * at - 1]) | 0;
    this.effects.add(steps[step], steps[step + 1], a, b);
  }

  /** Works out what will tell whether the steps that are to be tried in a state lead anywhere new. */
  private lookAhead(at: number): void {
    const { observations, steps, history } = this;
    const { contexts, count } = this.setup.execution.stage;
    for (let rest = this.todo[at]; rest !== 0; rest &= rest - 1) {
      const pid = lowest(rest);
      const place = at * MAX_CONTEXTS + pid;
      observations.identifyStep(at, pid);
      steps[2 * place] = observations.step.a;
      steps[2 * place + 1] = observations.step.b;
      let others = 0;
      for (let other = 0; other < count; other++) {
        if (other !== pid && history.independent(contexts[pid], contexts[other])) others |= 1 << other;
      }
      this.others[place] = others;
    }
  }

  /** Contexts whose next step was tried before, and commutes with all that was done since. */
  private sleepers(at: number): number {
    const before = at - 1;
    if (before < 0 || this.setup.execution.timePassed) return 0;
    const tried = this.done[before] & ~this.wakeful[before] & ~(1 << this.chosen[before]);
    let sleep = 0;
    for (let rest = this.sleep[before] | tried; rest !== 0; rest &= rest - 1) {
      const pid = lowest(rest);
      const context = this.setup.execution.stage.contexts[pid];
      const { history } = this;
      if (history.dependsByCpu(before, context)) continue;
      if (history.dependsByObject(before, context, accessOf(context))) continue;
      sleep |= 1 << pid;
    }
    return sleep;
  }
}
