import type { RingName, RingPlace } from '../host/misbehave/rings.js';
import type { MisbehaveRule } from '../host/misbehave/rule.js';
import type { CpuId, Irq, Ns, Relid } from '../lib/brand.js';
import type { ErrnoCode } from '../lib/errno.js';
import type { DeviceOptions, GuestOptions } from './options.js';

/** A place in a scenario file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `file:line:column`, as compilers and editors write it. */
export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** Signals of the host to one channel, or traffic over a device. All times count from the moment the guest has booted. */
export type WorkloadItem =
  | {
      readonly kind: 'spread';
      readonly relid: Relid;
      /** So many signals, evenly spread from `fromNs` over `duringNs`. */
      readonly signals: number;
      /** Signals that the channel has had while booting count as some of them. */
      readonly sinceBoot: boolean;
      readonly fromNs: Ns;
      readonly duringNs: Ns;
    }
  | {
      readonly kind: 'periodic';
      readonly relid: Relid;
      readonly everyNs: Ns;
      /** Each time comes up to so much later, at random. */
      readonly jitterNs: Ns;
      readonly fromNs: Ns;
      /** Not included; undefined: until the end of the run. */
      readonly untilNs: Ns | undefined;
      /** Signals each time. */
      readonly burst: number;
    }
  | (DiskWorkload & {
      readonly kind: 'diskLoop';
      /** I/Os under way all the time. */
      readonly outstanding: number;
      /** Undefined: no end by number. */
      readonly ios: number | undefined;
      /** No I/O begins from then on; undefined: until the end of the run, or of the I/Os. */
      readonly untilNs: Ns | undefined;
    })
  | (DiskWorkload & {
      readonly kind: 'diskRate';
      /** So many I/Os, evenly spread from `fromNs` over `duringNs`. */
      readonly ios: number;
      readonly duringNs: Ns;
    })
  | {
      readonly kind: 'frames';
      /** Of the adapter's primary channel. */
      readonly relid: Relid;
      readonly direction: 'rx' | 'tx';
      /** The frames belong to so many flows in turn. */
      readonly flows: number;
      /** So many frames, `burst` at a time, evenly spread from `fromNs` over `duringNs`. */
      readonly packets: number;
      readonly burst: number;
      readonly fromNs: Ns;
      readonly duringNs: Ns;
      readonly bytes: number;
    };

/** I/Os of a disk. */
export interface DiskWorkload {
  /** Of the controller's primary channel. */
  readonly relid: Relid;
  readonly fromNs: Ns;
  readonly bytes: number;
  readonly isWrite: boolean;
  /** CPUs that submit in turn, as a list; undefined: all that are online. */
  readonly cpus: string | undefined;
}

/** What a hostile host does at a moment. */
export type HostAct =
  | { readonly kind: 'misbehave'; readonly rule: MisbehaveRule }
  | { readonly kind: 'behave' }
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'raise'; readonly relid: Relid; readonly cpu: CpuId }
  | {
      readonly kind: 'poke';
      readonly relid: Relid;
      readonly ring: RingName;
      readonly at: RingPlace | number;
      readonly value: number;
    };

/** What a step of the timeline does. */
export type Action =
  | { readonly kind: 'offline'; readonly cpu: CpuId }
  | { readonly kind: 'online'; readonly cpu: CpuId }
  | { readonly kind: 'affinity'; readonly irq: Irq; readonly cpus: string }
  | { readonly kind: 'channelCpu'; readonly relid: Relid; readonly cpu: CpuId }
  | { readonly kind: 'write'; readonly path: string; readonly data: string }
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'offer'; readonly device: DeviceOptions }
  | { readonly kind: 'rescind'; readonly relid: Relid }
  | { readonly kind: 'channels'; readonly relid: Relid; readonly count: number }
  | { readonly kind: 'signal'; readonly relid: Relid; readonly times: number }
  | { readonly kind: 'count'; readonly irq: Irq; readonly cpu: CpuId | undefined }
  | { readonly kind: 'host'; readonly act: HostAct }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The guest hibernates, wakes up, or leaves its host for a new kernel. */
  | { readonly kind: 'suspend' }
  /** `relids`: new relid of each channel that gets a certain one; undefined: all are counted on. */
  | { readonly kind: 'resume'; readonly relids: ReadonlyMap<Relid, Relid> | undefined }
  | { readonly kind: 'shutdown' }
  /** A socket of the guest connects to the host. */
  | { readonly kind: 'connect'; readonly port: number }
  | { readonly kind: 'print'; readonly path: string };

/** What must come of a step. */
export type Expectation =
  | { readonly kind: 'success' }
  | { readonly kind: 'errno'; readonly code: ErrnoCode }
  /** A file has exactly this text; its last newline may be left out. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'contains'; readonly text: string }
  | { readonly kind: 'count'; readonly count: number };

export interface Step {
  /** From the moment the guest has booted. */
  readonly atNs: Ns;
  readonly action: Action;
  readonly expect: Expectation;
  readonly place: Place;
}

/** A scenario file, checked. */
export interface Scenario {
  readonly file: string;
  readonly description: string;
  readonly guest: GuestOptions;
  readonly workload: readonly WorkloadItem[];
  /** In order of time. */
  readonly timeline: readonly Step[];
  /** How long the guest runs; undefined: until workload and timeline are over. */
  readonly runNs: Ns | undefined;
  /** Files of the guest to print at the end. */
  readonly print: readonly string[];
}
