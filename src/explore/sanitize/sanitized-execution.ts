import { accessOf } from '../execution/access.js';
import { type Context, contextKind } from '../execution/context.js';
import { Execution } from '../execution/execution.js';
import type { BufferedStore, StoreBuffer } from '../../machine/memory.js';
import { type Procedure, type SharedObject, type Step, watchChanges } from '../../machine/step.js';
import type { MemoryModel, Model } from '../model.js';
import { actionOf } from '../report/recorder.js';
import type { Unannounced } from '../report/unannounced.js';
import { History } from '../search/history.js';
import { isExempt } from './exemptions.js';
import { type DoneStep, Findings } from './findings.js';
import { type Conflict, Locations } from './locations.js';
import { isInstrumented, openRecording, recordFor } from './recorder.js';
import { SeenState } from './seen-state.js';
import { WatchedReads } from './watched-reads.js';

const FINGERPRINT =
  'the model’s `fingerprint` must have this: in `shared` what one context reads and another one has written, in `own` what ' +
  'a context reads that it wrote before it began afresh';
const WATCH = '`watches` must name a word that the step announces where it changes this';

/** The model's code was loaded as it is: it does not tell what it reads and writes. */
export class NotInstrumentedError extends Error {
  override readonly name = 'NotInstrumentedError';

  constructor() {
    super(
      'the code of this model is not instrumented, so that nobody hears of its accesses; run it with ' +
        'irqlab explore --sanitize, or as node --import irqlab/sanitize FILE',
    );
  }
}

/**
 * An execution that hears what each step touches, and looks for steps of different contexts that touch the same place,
 * one of them writing, though the relation that reduction goes by has them in no order.
 */
export class SanitizedExecution<S> extends Execution<S> {
  override readonly isHeard = true;
  private readonly history: History<S>;
  private readonly locations = new Locations();
  private readonly watchedReads: WatchedReads<S>;
  private readonly seen: SeenState<S> | undefined;
  /** The shared objects that steps of this execution have named, and the step at which each context began afresh last. */
  private readonly used = new Set<SharedObject>();
  private readonly fresh: number[] = [];
  private readonly steps: DoneStep[] = [];
  private readonly findings: Findings;
  /** The contexts that moved in the execution before, as far as this one repeats it. */
  private readonly path: number[] = [];
  private at = 0;
  private repeats = true;
  private lastNs = 0;
  private isSettingUp = false;

  /**
   * @param byStates states will be told apart: what they are told apart by must have all that contexts go by.
   * @throws NotInstrumentedError if no code is.
   */
  constructor(model: Model<S>, memory: MemoryModel, maxSteps: number, byStates = false) {
    super(model, memory);
    if (!isInstrumented()) throw new NotInstrumentedError();
    const current = (): S => this.current;
    this.watchedReads = new WatchedReads(model);
    // Store buffers and what words were before are told apart by the search itself, not by fingerprints.
    if (memory === 'sc' && (byStates || model.fingerprint !== undefined)) this.seen = new SeenState(this);
    this.findings = new Findings(() => this.locations.objects());
    this.history = new History(
      {
        model,
        stage: this.stage,
        get current() {
          return current();
        },
        perform: (pid) => super.perform(pid),
      },
      maxSteps,
    );
  }

  /** What was found so far, each pair of places once. */
  get unannounced(): readonly Unannounced[] {
    return this.findings.all();
  }

  override open(): () => void {
    const close = super.open();
    const { stage, findings } = this;
    watchChanges({
      changed: (object: SharedObject) => {
        findings.name(object);
        stage.changed(object);
      },
      looked: (object: SharedObject) => {
        findings.name(object);
        stage.looked(object);
      },
      freshStart: (key) => {
        stage.freshStart(key);
        this.locations.freshStart();
      },
    });
    openRecording(true);
    return () => {
      openRecording(false);
      close();
    };
  }

  override begin(): S {
    this.isSettingUp = true;
    const state = super.begin();
    this.isSettingUp = false;
    this.history.begin();
    this.locations.begin();
    this.seen?.begin();
    this.used.clear();
    this.fresh.length = 0;
    this.at = 0;
    this.repeats = true;
    this.lastNs = this.stage.nowNs;
    if (this.watchedReads.isNeeded) {
      this.watchedReads.begin(state);
      this.watchedReads.look(state);
    }
    return state;
  }

  override perform(pid: number): void {
    const { at, stage, history, path } = this;
    if (stage.nowNs !== this.lastNs) history.timePassed.push(at);
    this.lastNs = stage.nowNs;
    this.at += 1;
    if (this.repeats && path[at] !== pid) {
      this.repeats = false;
      path.length = at;
    }
    if (!this.repeats) path[at] = pid;
    const step = this.describe(pid);
    this.steps[at] = step;
    const { step: next, proc, name } = stage.contexts[pid];
    if (next !== undefined) this.used.add(next.object);
    if (proc === undefined) this.fresh[pid] = at - 0.5;
    if (!this.repeats) this.seen?.look(name, this.used);
    this.look(pid);
    if (this.repeats) history.perform(at, pid);
    else history.performNew(at, pid);
    for (let i = 0; i < stage.changeCount; i++) step.codes.push(stage.changes[i]);
    if (stage.checkpointOf?.pid === pid) this.fresh[pid] = at;
    if (this.watchedReads.isNeeded) this.lookAtProperties(at, pid, step);
    for (const conflict of this.locations.endStep(at, pid, !this.repeats)) this.judge(conflict);
  }

  private describe(pid: number): DoneStep {
    const context = this.stage.contexts[pid];
    const { lane, name, step, kind } = context;
    if (step !== undefined) this.findings.name(step.object);
    const isCommit = kind === contextKind.COMMIT;
    return {
      lane: lane.name,
      context: name,
      action: actionOf(context),
      isCommit,
      codes: [accessOf(context)],
    };
  }

  protected override resume(proc: Procedure<unknown>): IteratorResult<Step, unknown> {
    return this.heard(() => super.resume(proc));
  }

  protected override makeProc(context: Context): Procedure<unknown> | undefined {
    return this.heard(() => super.makeProc(context));
  }

  protected override commitStore(buffer: StoreBuffer, store: BufferedStore): void {
    this.heard(() => super.commitStore(buffer, store));
  }

  /** Runs code of the model; what the explorer itself looks at in between is no step's access. */
  private heard<T>(run: () => T): T {
    if (this.isSettingUp) return run();
    recordFor(this.locations);
    try {
      return run();
    } finally {
      recordFor(undefined);
    }
  }

  /** The step looks, too, whether it can be done. */
  private look(pid: number): void {
    const { step, isPhantom } = this.stage.contexts[pid];
    if (step === undefined || isPhantom || step.found !== undefined) return;
    this.heard(() => step.object.blocks(step));
  }

  /** A step that changes what `always` properties look at must be one of an object that `watches` names. */
  private lookAtProperties(at: number, pid: number, step: DoneStep): void {
    const { watchedReads, locations } = this;
    if (!watchedReads.isVisible(step.codes)) {
      for (const { object, key, site } of locations.written()) {
        const seenAt = watchedReads.siteOf(object, key);
        if (seenAt === undefined) continue;
        const first = { at: -1, pid: -1, isWrite: false, site: seenAt };
        const conflict = { object, key, first, second: { at, pid, isWrite: true, site } };
        if (!isExempt(conflict)) this.findings.add(conflict, this.properties(), step, WATCH);
      }
    }
    watchedReads.look(this.current);
  }

  /** What the properties do after each step, as if it were one. */
  private properties(): DoneStep {
    const codes = [...this.watchedReads.watched].map((id) => id * 2);
    return {
      lane: 'the explorer',
      context: 'an always property',
      action: 'after each step',
      isCommit: false,
      codes,
    };
  }

  private judge(conflict: Conflict): void {
    const { first, second } = conflict;
    const { history } = this;
    this.judgeSeen(conflict);
    if (first.pid === second.pid) return;
    if (history.isStepBefore(first.at, second.at)) return;
    if (history.timePassed.some((passed) => first.at < passed && passed <= second.at)) return;
    const [one, two] = [this.steps[first.at], this.steps[second.at]];
    // A CPU sees its own stores all along: that they reach memory commutes with what it does.
    if ((one.isCommit || two.isCommit) && one.lane === two.lane) return;
    if (isExempt(conflict)) return;
    this.findings.add(conflict, one, two);
  }

  /** A step has read what another context has left, or its own before it began afresh: a search by states must see it. */
  private judgeSeen(conflict: Conflict): void {
    const { object, key, first, second } = conflict;
    if (this.seen === undefined || second.isWrite) return;
    const isOwn = first.pid === second.pid;
    if (isOwn) {
      const fresh = this.fresh[second.pid] ?? -1;
      const isForgotten = first.at < fresh || (first.at === fresh && first.isBeforeFresh === true);
      if (!isForgotten || fresh >= second.at || this.seen.seesOwn(object, key)) return;
    } else if (this.seen.sees(object, key)) return;
    if (isExempt(conflict)) return;
    this.findings.add(conflict, this.steps[first.at], this.steps[second.at], FINGERPRINT, true);
  }
}
