import type { Irq, Ns, Relid } from '../lib/brand.js';
import type {
  DiskIoOptions,
  FrameOptions,
  RaiseOptions,
  ScenarioGuest,
  WorkloadGuest,
} from '../scenario/port.js';
import { formatPlace } from '../scenario/place.js';
import type { Scenario } from '../scenario/scenario.js';
import { doStep } from '../scenario/steps.js';
import { startWorkloads, subjectOf, type WorkloadItem } from '../scenario/workloads/index.js';
import type { SignalTally } from '../scenario/workloads/workload.js';

const NS_PER_MS = 1_000_000;
/** Longest real time that the guest runs without a pause for those who use its files: it rather falls behind. */
const MOST_BUSY_MS = 15;
/** The pause then: enough to open a file and to read it. */
const PAUSE_MS = 5;
/** How long who waits for the guest sleeps between looks at it, at most. */
const MOST_WAIT_MS = 16;
/** The real time is looked at once in so many events. */
const LOOK_EVENTS = 64;

export interface LiveGuestOptions {
  /** Seconds of the guest's time in a second of real time; 0: it stands still. */
  readonly speed: number;
  /** Real time in ms. */
  readonly nowMs: () => number;
  /** Called when a step of the timeline does not turn out as its `expect` says. */
  readonly onFailure: (message: string) => void;
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
  private nextSeed: number;
  /** Until then others have their turn. */
  private pauseEndMs = 0;
  /** Runs that are not over. */
  private runs = 0;
  private lastRun: Promise<void> = Promise.resolve();
  private workload: RunningWorkload[] = [];
  private rate = 0;
  private lostNs: Ns = 0;

  constructor(
    private readonly guest: LiveModel,
    private readonly scenario: Scenario,
    private readonly options: LiveGuestOptions,
  ) {
    this.startNs = guest.now;
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
    if (this.runs > 0 || beginMs < this.pauseEndMs) return;
    const targetNs = this.originNs + Math.floor((beginMs - this.originMs) * NS_PER_MS * this.rate);
    if (this.guest.now >= targetNs || this.advance(targetNs)) return;
    this.lostNs += targetNs - this.guest.now;
    this.restart();
  }

  /**
   * Lets `ns` pass as fast as this machine can, whatever the speed; the real time counts on from there. Others have their
   * turn meanwhile, but for the guest's time. One run begins when the one before is over.
   */
  run(ns: Ns): Promise<void> {
    this.catchUp();
    this.runs += 1;
    const done = this.lastRun.then(() => this.hurry(ns));
    this.lastRun = done.catch(() => {});
    return done;
  }

  private async hurry(ns: Ns): Promise<void> {
    try {
      const targetNs = this.guest.now + ns;
      while (!this.advance(targetNs)) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    } finally {
      this.runs -= 1;
      this.restart();
    }
  }

  /** Resolves once `isOver` says so. Nothing happens in the guest for that which would not have happened anyway. */
  async waitFor(isOver: () => boolean): Promise<void> {
    for (let waitMs = 1; !isOver(); waitMs = Math.min(2 * waitMs, MOST_WAIT_MS)) {
      await new Promise((resolve) => setTimeout(resolve, waitMs).unref());
      if (this.rate > 0) this.catchUp();
    }
  }

  /**
   * Resolves once `isOver` says so. Where the guest's time stands still it goes on for that, as far as needed and as long as
   * anything happens in it; others have their turn meanwhile.
   */
  async until(isOver: () => boolean): Promise<void> {
    for (let waitMs = 1; !isOver(); waitMs = Math.min(2 * waitMs, MOST_WAIT_MS)) {
      await new Promise((resolve) => setTimeout(resolve, waitMs).unref());
      if (this.rate > 0) this.catchUp();
      else if (this.runs === 0) this.advanceUntil(isOver);
    }
  }

  /** Lets time that stands still go on, for as long as it may keep others waiting. */
  private advanceUntil(isOver: () => boolean): void {
    const { nowMs } = this.options;
    const endMs = nowMs() + MOST_BUSY_MS;
    while (!isOver() && nowMs() < endMs) {
      const { nextTime } = this.guest;
      if (nextTime === undefined) return;
      this.advance(nextTime);
    }
  }

  /** Runs the guest up to `targetNs`, or for as long as it may keep others waiting. @returns whether it got there. */
  private advance(targetNs: Ns): boolean {
    const { nowMs } = this.options;
    const endMs = nowMs() + MOST_BUSY_MS;
    let events = 0;
    const mayGoOn = (): boolean => ++events % LOOK_EVENTS !== 0 || nowMs() < endMs;
    if (this.runTo(targetNs, mayGoOn)) return true;
    this.pauseEndMs = nowMs() + PAUSE_MS;
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
    const { timeline } = this.scenario;
    for (let step = timeline[this.nextStep]; step !== undefined; step = timeline[this.nextStep]) {
      const { atNs, place } = step;
      if (this.startNs + atNs > timeNs) break;
      if (!this.guest.elapseWhile(this.startNs + atNs, mayGoOn)) return false;
      this.nextStep += 1;
      const { failure } = doStep(this.guest, step);
      if (failure !== undefined)
        this.options.onFailure(`${formatPlace(place)}: ${step.describe()}: ${failure}`);
    }
    return this.guest.elapseWhile(timeNs, mayGoOn);
  }
}
