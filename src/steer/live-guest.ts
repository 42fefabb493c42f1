import type { Irq, Ns, Relid } from '../lib/brand.js';
import type {
  DiskIoOptions,
  FrameOptions,
  RaiseOptions,
  ScenarioGuest,
  WorkloadGuest,
} from '../scenario/port.js';
import { formatPlace } from '../scenario/place.js';
import type { Turns } from '../machine/turns.js';
import type { Scenario, Step } from '../scenario/scenario.js';
import { doStepInTurns } from '../scenario/steps.js';
import { startWorkloads, subjectOf, type WorkloadItem } from '../scenario/workloads/index.js';
import type { SignalTally } from '../scenario/workloads/workload.js';

const NS_PER_MS = 1_000_000;
const MOST_BUSY_MS = 15;
/** The pause after that is so much shorter: of 15 ms 5, enough to open a file and to read it. */
const PAUSE_PART = 3;
/** How long who waits for the guest sleeps between looks at it, at most. */
const MOST_WAIT_MS = 16;
/** The real time is looked at once in so many events. */
const LOOK_EVENTS = 8;

/** How a guest follows the real time. */
export interface LiveGuestOptions {
  /** Seconds of the guest's time in a second of real time; 0: it stands still. */
  readonly speed: number;
  /** Real time in ms. */
  readonly nowMs: () => number;
  /** Resolves after so many ms of real time. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Called when a step of the timeline does not turn out as its `expect` says. */
  readonly onFailure: (message: string) => void;
  /**
   * Longest real time in ms, above 0, that the guest runs without a pause for those who use it: it rather falls behind.
   * Default 15.
   */
  readonly mostBusyMs?: number;
}

/** What runs. */
export interface LiveModel extends ScenarioGuest {
  /** When the next thing is going to happen; undefined: nothing is. */
  readonly nextTime: Ns | undefined;
}

interface RunningWorkload {
  readonly item: WorkloadItem;
  readonly tally: Readonly<SignalTally>;
  readonly share: StoppableGuest;
}

/** The guest as one workload item sees it, until that item is stopped. */
class StoppableGuest implements WorkloadGuest {
  stopped = false;

  constructor(private readonly guest: WorkloadGuest) {}

  get now(): Ns {
    return this.guest.now;
  }

  at(timeNs: Ns, action: () => void): void {
    this.guest.at(timeNs, () => {
      if (!this.stopped) action();
    });
  }

  signal(relid: Relid, times: number): number {
    return this.guest.signal(relid, times);
  }

  signalled(relid: Relid): number {
    return this.guest.signalled(relid);
  }

  raise(irq: Irq, times: number, options?: RaiseOptions): number {
    return this.guest.raise(irq, times, options);
  }

  raised(irq: Irq): number {
    return this.guest.raised(irq);
  }

  submitIo(disk: Relid | string, io: DiskIoOptions): boolean {
    return !this.stopped && this.guest.submitIo(disk, io);
  }

  frame(nic: Relid | string, frame: FrameOptions): boolean {
    return this.guest.frame(nic, frame);
  }
}

/** A guest whose virtual time follows the real time, with its scenario's workload and timeline. */
export class LiveGuest {
  private readonly startNs: Ns;
  private originNs: Ns = 0;
  private originMs = 0;
  private nextStep = 0;
  /** The step of the timeline that is under way. */
  private step: Turns<void> | undefined;
  private nextSeed: number;
  /** Until then others have their turn. */
  private pauseEndMs = 0;
  /** Runs and other work that are not over: while there are any, the guest's time does not follow the real time. */
  private works = 0;
  /** The turn of who waits for one last. */
  private lastTurn: Promise<void> = Promise.resolve();
  private lastRun: Promise<void> = Promise.resolve();
  private workload: RunningWorkload[] = [];
  private rate = 0;
  private lostNs: Ns = 0;
  /** How often runs were ended before their time. */
  private halts = 0;
  private readonly mostBusyMs: number;
  private readonly pauseMs: number;

  constructor(
    private readonly guest: LiveModel,
    private readonly scenario: Scenario,
    private readonly options: LiveGuestOptions,
  ) {
    this.startNs = guest.now;
    this.mostBusyMs = options.mostBusyMs ?? MOST_BUSY_MS;
    this.pauseMs = this.mostBusyMs / PAUSE_PART;
    this.nextSeed = scenario.guest.seed ?? 1;
    this.startWorkload(scenario.workload);
    this.speed = options.speed;
  }

  get speed(): number {
    return this.rate;
  }

  set speed(speed: number) {
    if (this.rate > 0) this.catchUp();
    this.rate = speed;
    this.restart();
  }

  /** The guest's time since it has booted. */
  get elapsedNs(): Ns {
    return this.guest.now - this.startNs;
  }

  /** When the next thing is going to happen, in ns since the guest has booted; undefined: nothing is. */
  get nextNs(): Ns | undefined {
    const { timeline } = this.scenario;
    if (this.step !== undefined) return this.elapsedNs;
    const { nextTime } = this.guest;
    const eventNs = nextTime === undefined ? undefined : nextTime - this.startNs;
    const stepNs = this.nextStep < timeline.length ? timeline[this.nextStep].atNs : undefined;
    if (eventNs === undefined || stepNs === undefined) return eventNs ?? stepNs;
    return Math.max(this.elapsedNs, Math.min(eventNs, stepNs));
  }

  /** True while a run, or other work, is under way: the guest's time does not follow the real time then. */
  get isBusy(): boolean {
    return this.works > 0;
  }

  /** How far the guest has fallen behind because this machine is too slow. */
  get behindNs(): Ns {
    return this.lostNs;
  }

  /**
   * Runs the guest up to the present. Nothing to do where an action has already taken it further, while a `run` is under
   * way, and in the pause that a guest makes that cannot keep up.
   */
  catchUp(): void {
    const beginMs = this.options.nowMs();
    if (this.works > 0 || beginMs < this.pauseEndMs) return;
    const targetNs = this.originNs + Math.floor((beginMs - this.originMs) * NS_PER_MS * this.rate);
    if (this.step === undefined && this.guest.now >= targetNs) return;
    if (this.inSlice((mayGoOn) => this.runTo(targetNs, mayGoOn))) return;
    this.lostNs += Math.max(0, targetNs - this.guest.now);
    this.restart();
  }

  /**
   * Lets `ns` pass as fast as this machine can, whatever the speed; the real time counts on from there. Others have their
   * turn meanwhile, but for the guest's time. One run begins when the one before is over.
   */
  run(ns: Ns): Promise<void> {
    this.catchUp();
    const { halts } = this;
    const isHalted = (): boolean => this.halts !== halts;
    const done = this.lastRun.then(() => {
      const targetNs = this.guest.now + ns;
      return this.inSlices((mayGoOn) => isHalted() || this.runTo(targetNs, mayGoOn));
    });
    this.lastRun = done.catch(() => {});
    return done;
  }

  /**
   * What has been begun in the guest proceeds as far as it can at the present moment, for as long as it may keep others
   * waiting; what is left proceeds when time goes on.
   */
  proceed(): void {
    this.inSlice((mayGoOn) => this.guest.elapseWhile(this.guest.now, mayGoOn));
  }

  /** Ends all runs that are not over where they are. A step of the timeline that is under way goes on with the next one. */
  halt(): void {
    this.halts += 1;
  }

  /**
   * Has work of the guest done as fast as this machine can, whatever the speed. Others have their turn meanwhile, other
   * work among them: what waits may wait for just that.
   *
   * @returns what the work returns; throws what it throws.
   */
  async work<T>(turns: Turns<T>): Promise<T> {
    const result: T[] = [];
    await this.inSlices((mayGoOn) => {
      do {
        const next = turns.next();
        if (next.done) result.push(next.value);
      } while (result.length === 0 && mayGoOn());
      return result.length > 0;
    });
    return result[0];
  }

  /** Goes on with what `slice` does, a slice when it is its turn, until it says that it is over. */
  private async inSlices(slice: (mayGoOn: () => boolean) => boolean): Promise<void> {
    this.works += 1;
    try {
      do await this.turn();
      while (!this.inSlice(slice));
    } finally {
      this.works -= 1;
      this.restart();
    }
  }

  /** Resolves once `isOver` says so. Nothing happens in the guest for that which would not have happened anyway. */
  waitFor(isOver: () => boolean): Promise<void> {
    return this.poll(isOver, () => {});
  }

  /** Resolves when those who have waited before had their turn, and the pause after it is over. */
  private turn(): Promise<void> {
    const turn = this.lastTurn.then(() => this.pauseOver());
    this.lastTurn = turn;
    return turn;
  }

  private async pauseOver(): Promise<void> {
    if (this.options.nowMs() < this.pauseEndMs) await this.options.sleep(this.pauseMs);
  }

  /**
   * Resolves once `isOver` says so. Where the guest's time stands still it goes on for that, as far as needed and as long as
   * anything happens in it; others have their turn meanwhile.
   */
  until(isOver: () => boolean): Promise<void> {
    return this.poll(isOver, () => {
      if (this.works === 0) this.advanceUntil(isOver);
    });
  }

  /** Asks `isOver` now and then; where the guest's time stands still `meanwhile` is done each time. */
  private async poll(isOver: () => boolean, meanwhile: () => void): Promise<void> {
    for (let waitMs = 1; !isOver(); waitMs = Math.min(2 * waitMs, MOST_WAIT_MS)) {
      await this.options.sleep(waitMs);
      if (this.rate > 0) this.catchUp();
      else meanwhile();
    }
  }

  /** Lets time that stands still go on, for as long as it may keep others waiting. */
  private advanceUntil(isOver: () => boolean): void {
    const { nowMs } = this.options;
    const endMs = nowMs() + this.mostBusyMs;
    while (!isOver() && nowMs() < endMs) {
      const { nextTime } = this.guest;
      if (nextTime === undefined) return;
      this.inSlice((mayGoOn) => this.runTo(nextTime, mayGoOn));
    }
  }

  /** Does something for as long as it may keep others waiting. @returns whether it is over; else a pause follows. */
  private inSlice(slice: (mayGoOn: () => boolean) => boolean): boolean {
    const { nowMs } = this.options;
    const endMs = nowMs() + this.mostBusyMs;
    let events = 0;
    if (slice(() => ++events % LOOK_EVENTS !== 0 || nowMs() < endMs)) return true;
    this.pauseEndMs = nowMs() + this.pauseMs;
    return false;
  }

  /** Starts workload; its times count from now. */
  startWorkload(items: readonly WorkloadItem[]): void {
    for (const item of items) {
      const share = new StoppableGuest(this.guest);
      const scenario = {
        workload: [item],
        guest: { ...this.scenario.guest, seed: this.nextSeed++ },
        runNs: undefined,
      };
      const [tally] = startWorkloads(share, scenario, this.guest.now);
      this.workload.push({ item, tally, share });
    }
  }

  /** Stops all workload of a channel, of a line outside VMBus, or of a PCI device. @returns how many items that was. */
  stopWorkload(subject: Relid | string | { readonly irq: Irq }): number {
    const before = this.workload.length;
    for (const { item, share } of this.workload) {
      const { relid, irq, device } = subjectOf(item);
      const named = relid ?? device;
      if (typeof subject === 'object' ? irq === subject.irq : named === subject) share.stopped = true;
    }
    this.workload = this.workload.filter(({ share }) => !share.stopped);
    return before - this.workload.length;
  }

  /** What each item of the workload has sent until now. */
  get tallies(): readonly object[] {
    return this.workload.map(({ item, tally }) => ({ ...subjectOf(item), kind: item.kind, ...tally }));
  }

  private restart(): void {
    this.originNs = this.guest.now;
    this.originMs = this.options.nowMs();
  }

  private runTo(timeNs: Ns, mayGoOn: () => boolean): boolean {
    for (;;) {
      if (!this.endStep(mayGoOn)) return false;
      const step = this.scenario.timeline[this.nextStep];
      if (step === undefined || this.startNs + step.atNs > timeNs) break;
      if (!this.guest.elapseWhile(this.startNs + step.atNs, mayGoOn)) return false;
      this.nextStep += 1;
      this.step = this.doStep(step);
    }
    return this.guest.elapseWhile(timeNs, mayGoOn);
  }

  /** Goes on with the step of the timeline that is under way. @returns false if it stopped before its end. */
  private endStep(mayGoOn: () => boolean): boolean {
    while (this.step?.next().done === false) if (!mayGoOn()) return false;
    this.step = undefined;
    return true;
  }

  private *doStep(step: Step): Turns<void> {
    const { failure } = yield* doStepInTurns(this.guest, step);
    if (failure !== undefined)
      this.options.onFailure(`${formatPlace(step.place)}: ${step.describe()}: ${failure}`);
  }
}
