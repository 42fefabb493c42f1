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
/** The guest's time moves on in slices of this length; between them the real time is checked. */
const SLICE_NS = 5 * NS_PER_MS;
/** Longest real time that the guest runs without a pause: rather than block its files it falls behind. */
const MOST_BUSY_MS = 100;

export interface LiveGuestOptions {
  /** Seconds of the guest's time in a second of real time; 0: it stands still. */
  readonly speed: number;
  /** Real time in ms. */
  readonly nowMs: () => number;
  /** Called when a step of the timeline does not turn out as its `expect` says. */
  readonly onFailure: (message: string) => void;
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
  private workload: RunningWorkload[] = [];
  private rate = 0;
  private lostNs: Ns = 0;

  constructor(
    private readonly guest: ScenarioGuest,
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

  /** Runs the guest up to the present. Nothing to do where an action has already taken it further. */
  catchUp(): void {
    const { nowMs } = this.options;
    const beginMs = nowMs();
    const targetNs = this.originNs + Math.floor((beginMs - this.originMs) * NS_PER_MS * this.rate);
    while (this.guest.now < targetNs) {
      if (nowMs() - beginMs > MOST_BUSY_MS) {
        this.lostNs += targetNs - this.guest.now;
        this.restart();
        return;
      }
      this.runTo(Math.min(targetNs, this.guest.now + SLICE_NS));
    }
  }

  /** Lets `ns` pass at once, whatever the speed; the real time counts on from there. */
  run(ns: Ns): void {
    this.catchUp();
    this.runTo(this.guest.now + ns);
    this.restart();
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

  private runTo(timeNs: Ns): void {
    const { timeline } = this.scenario;
    for (let step = timeline[this.nextStep]; step !== undefined; step = timeline[this.nextStep]) {
      const { atNs, place } = step;
      if (this.startNs + atNs > timeNs) break;
      this.nextStep += 1;
      this.guest.elapseTo(this.startNs + atNs);
      const { failure } = doStep(this.guest, step);
      if (failure !== undefined)
        this.options.onFailure(`${formatPlace(place)}: ${step.describe()}: ${failure}`);
    }
    this.guest.elapseTo(timeNs);
  }
}
