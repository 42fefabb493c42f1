import { type Context, contextKind } from '../execution/context.js';
import type { MemoryModel } from '../model.js';
import type { Finding } from '../execution/judge.js';
import { lowest } from '../execution/context-set.js';
import { type DivisibleSearch, type SearchSetup, ShardDealer } from './search.js';
import type { Unit, Wanted } from './unit.js';

/** What makes one violating execution better than another: few changes of lane, then few steps. */
interface Score {
  readonly switches: number;
  readonly steps: number;
}

export interface DepthFirstOptions {
  /** Highest number of preemptions and delayed stores of an execution; default: no bound. */
  readonly preemptions?: number;
  /** Look for the best violating execution: whatever cannot be better than the best so far is given up. */
  readonly minimise?: boolean;
}

/** True if the phantom can let the store that its CPU has just made reach memory. */
function canFollow({ store, lane: { buffer } }: Context): boolean {
  if (buffer === undefined || buffer.size === 0) return false;
  const object = store ?? buffer.oldest;
  return buffer.isYoungest(object) && buffer.mayCommit(object);
}

/** What else a bound counts. */
const beside: Readonly<Record<MemoryModel, string>> = {
  sc: '',
  tso: ' and delayed stores',
  arm64: ', delayed stores and early loads',
};

/**
 * Runs every execution: all contexts that can move are tried at every step, the one that moved last first. An
 * execution is run from the start each time; what is known of the repeated prefix is not worked out again.
 *
 * With a bound, only executions with so many preemptions are run (Musuvathi, Qadeer, "Iterative context bounding for
 * systematic testing of multithreaded programs"): a preemption is a step by another context while the one that moved
 * last could go on. With store buffers a store that does not reach memory at once counts as much as a preemption; when
 * it does then is free.
 */
export class DepthFirst<S> implements DivisibleSearch {
  /** Nothing ever: all that is to be tried in a state is known when it is first seen. */
  readonly wanted: readonly Wanted[] = [];
  /** The best violating execution found, when minimising. */
  best: { readonly finding: Finding; readonly path: readonly number[]; readonly score: Score } | undefined;
  private wasBounded = false;
  private readonly bound: number;
  private readonly minimise: boolean;
  private readonly chosen: Int32Array;
  private readonly enabled: Int32Array;
  private readonly left: Int32Array;
  private readonly last: Int32Array;
  private readonly preemptions: Int32Array;
  /** For each state: the store buffer whose only store has just been made; -1 if there is none. */
  private readonly flush: Int32Array;
  private readonly switches: Int32Array;
  private readonly lane: Int32Array;
  private readonly choices: Int32Array;
  private readonly nowNs: Float64Array;
  private readonly dealer: ShardDealer;
  /** States before it have others that try what is left there. */
  private readonly floor: number;
  private prefix = 0;
  private started = false;
  /** Stores that the moving context's buffer had taken before its step. */
  private stores = 0;

  constructor(
    private readonly setup: SearchSetup<S>,
    options: DepthFirstOptions = {},
  ) {
    this.bound = options.preemptions ?? Number.POSITIVE_INFINITY;
    this.minimise = options.minimise ?? false;
    this.dealer = new ShardDealer(setup.shard);
    const size = setup.maxSteps + 1;
    this.chosen = new Int32Array(size);
    this.enabled = new Int32Array(size);
    this.left = new Int32Array(size);
    this.last = new Int32Array(size).fill(-1);
    this.preemptions = new Int32Array(size);
    this.flush = new Int32Array(size).fill(-1);
    this.switches = new Int32Array(size);
    this.lane = new Int32Array(size).fill(-1);
    this.choices = new Int32Array(size);
    this.nowNs = new Float64Array(size);
    this.floor = setup.unit?.floor ?? 0;
    if (setup.unit !== undefined) this.load(setup.unit);
  }

  get limits(): readonly string[] {
    if (!this.wasBounded) return [];
    const { memory } = this.setup.execution.stage;
    return [`at most ${this.bound} preemptions${beside[memory]}`];
  }

  next(): boolean {
    if (this.started && !this.backtrack()) return false;
    this.prefix = this.run();
    this.started = true;
    return true;
  }

  rest(): Unit | undefined {
    if (!this.backtrack()) return undefined;
    const states = Array.from({ length: this.prefix }, (_, at) => {
      const tried = 1 << this.chosen[at];
      return {
        chosen: this.chosen[at],
        enabled: this.enabled[at],
        todo: this.left[at] | tried,
        done: tried,
        sleep: 0,
        wakeful: 0,
        yielding: 0,
        nowNs: this.nowNs[at],
      };
    });
    return { states, floor: this.floor, unseen: 0 };
  }

  private load({ states }: Unit): void {
    this.prefix = states.length;
    states.forEach(({ chosen, enabled, todo, done, nowNs }, at) => {
      this.chosen[at] = chosen;
      this.enabled[at] = enabled;
      this.left[at] = todo & ~done;
      this.nowNs[at] = nowNs;
    });
  }

  /** Goes back to the last step where something else can be tried, and chooses that. */
  private backtrack(): boolean {
    const { left, floor } = this;
    let at = this.prefix - 1;
    while (at >= floor && left[at] === 0) at -= 1;
    if (at < floor) return false;
    this.choose(at, left[at]);
    this.prefix = at + 1;
    return true;
  }

  private choose(at: number, mask: number): void {
    const last = this.last[at];
    const flush = this.flush[at];
    let pid = lowest(mask);
    if (flush >= 0 && (mask & (1 << flush)) !== 0) pid = flush;
    else if (last >= 0 && (mask & (1 << last)) !== 0) pid = last;
    this.chosen[at] = pid;
    this.left[at] = mask & ~(1 << pid);
  }

  /** @returns the number of its steps that later executions may share. */
  private run(): number {
    const { execution, tally, maxSteps, stopAtFirst } = this.setup;
    const stops = stopAtFirst || this.minimise;
    execution.begin();
    let at = 0;
    if (this.prefix === 0) tally.began(this.chosen);
    else {
      at = this.started ? this.repeat() : this.enter();
      this.move(at++);
    }
    while (tally.broken === undefined || !stops) {
      const enabled = execution.enabled();
      if (!this.dealer.takes(at, this.choices, enabled)) return at;
      if (enabled === 0) {
        tally.cameToEnd(at, this.chosen);
        break;
      }
      if (at === maxSteps) {
        tally.wasCut(at);
        return at;
      }
      if (this.minimise && this.isHopeless(at)) return at;
      this.open(at, enabled);
      this.move(at++);
    }
    tally.ended(at);
    if (tally.broken !== undefined && this.minimise) this.keepBetter(tally.broken, at);
    return at;
  }

  /** Repeats the known prefix but for its last step. @returns the number of steps done. */
  private repeat(): number {
    const { execution } = this.setup;
    const { chosen, nowNs } = this;
    const { stage } = execution;
    const end = this.prefix - 1;
    for (let at = 0; at < end; at++) {
      stage.nowNs = nowNs[at];
      execution.perform(chosen[at]);
    }
    stage.nowNs = nowNs[end];
    this.setup.tally.repeated(end);
    return end;
  }

  /** Does the path of a unit but for its last step. @returns the number of steps done. */
  private enter(): number {
    const { execution, tally } = this.setup;
    const end = this.prefix - 1;
    tally.began(this.chosen);
    for (let at = 0; at < end; at++) {
      execution.stage.nowNs = this.nowNs[at];
      this.move(at);
    }
    execution.stage.nowNs = this.nowNs[end];
    return end;
  }

  /** Does the chosen step of state `at`, and judges what comes of it. */
  private move(at: number): void {
    const { execution, tally } = this.setup;
    const pid = this.chosen[at];
    this.stores = execution.stage.contexts[pid].lane.buffer?.stores ?? 0;
    execution.perform(pid);
    this.follow(at);
    tally.stepped(at + 1, this.chosen);
  }

  /** A new state: decides what is tried there. */
  private open(at: number, enabled: number): void {
    const mask = this.bound === Number.POSITIVE_INFINITY ? enabled : this.withinBound(at, enabled);
    this.nowNs[at] = this.setup.execution.stage.nowNs;
    this.enabled[at] = enabled;
    this.choose(at, mask);
    this.choices[at + 1] = this.choices[at] + ((mask & (mask - 1)) !== 0 ? 1 : 0);
  }

  /** Those of the enabled contexts that the bound allows to move. */
  private withinBound(at: number, enabled: number): number {
    const left = this.bound - this.preemptions[at];
    if (left >= 2) return enabled;
    let allowed = 0;
    for (let rest = enabled; rest !== 0; rest &= rest - 1) {
      const pid = lowest(rest);
      if (this.cost(at, enabled, pid) <= left) allowed |= 1 << pid;
    }
    if (allowed !== enabled) this.wasBounded = true;
    return allowed;
  }

  /** What a step by context `pid` counts towards the bound. */
  private cost(at: number, enabled: number, pid: number): number {
    const last = this.last[at];
    const flush = this.flush[at];
    const delays = flush >= 0 && flush !== pid ? 1 : 0;
    const { kind } = this.setup.execution.stage.contexts[pid];
    if (kind === contextKind.EARLY) return delays + 1;
    if (pid === last || kind === contextKind.COMMIT) return delays;
    return last >= 0 && (enabled & (1 << last)) !== 0 ? delays + 1 : delays;
  }

  /** Works out what the chosen step of state `at`, just done, means for the next state. */
  private follow(at: number): void {
    const { contexts } = this.setup.execution.stage;
    const pid = this.chosen[at];
    const { lane, isPhantom } = contexts[pid];
    const hasStored = lane.buffer !== undefined && lane.buffer.stores !== this.stores;
    this.flush[at + 1] = hasStored ? (lane.commits.find((commit) => canFollow(commit))?.pid ?? -1) : -1;
    this.preemptions[at + 1] = this.preemptions[at] + this.cost(at, this.enabled[at], pid);
    this.last[at + 1] = isPhantom ? this.last[at] : pid;
    this.lane[at + 1] = lane.index;
    this.switches[at + 1] = this.switches[at] + (at > 0 && this.lane[at] !== lane.index ? 1 : 0);
  }

  private isHopeless(at: number): boolean {
    const { best } = this;
    if (best === undefined) return false;
    const switches = this.switches[at];
    return switches > best.score.switches || (switches === best.score.switches && at >= best.score.steps);
  }

  private keepBetter(finding: Finding, steps: number): void {
    const switches = this.switches[steps];
    const { best } = this;
    if (best !== undefined) {
      if (switches > best.score.switches) return;
      if (switches === best.score.switches && steps >= best.score.steps) return;
    }
    this.best = { finding, path: Array.from(this.chosen.subarray(0, steps)), score: { switches, steps } };
  }
}
