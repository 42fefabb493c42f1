// What the page and its worker tell each other. The page asks, each request has one answer; the worker tells of what
// happens by itself. All of it goes through structuredClone, so it is data.
import type { CompareAnswers, CompareRequest } from './compare-protocol.js';
import type { EditorAnswers, EditorRequest, Problem } from './editor-protocol.js';
import type { TraceAnswers, TraceRequest } from './trace-protocol.js';
import type { RacesAnswers, RacesRequest, SearchProgress } from './races-protocol.js';
import type { ChannelNow, ControlAnswer, PictureFrame, PictureWindow } from 'irqlab/browser';

/** What the page asks: `kind` says what. `Answers` has the answer to each. */
export type Request =
  | RacesRequest
  | EditorRequest
  | CompareRequest
  | TraceRequest
  /** Boots the guest of a scenario in place of the present one. */
  | { readonly kind: 'load'; readonly name: string; readonly text: string }
  /** A command as `irqlab ctl` sends it: a step of a timeline or another word, in YAML or JSON. */
  | { readonly kind: 'command'; readonly text: string }
  /** Seconds of the guest's time in a second of real time, 0 to 1000; 0: it stands still. */
  | { readonly kind: 'speed'; readonly speed: number }
  /** Lets time go by as fast as this machine can: up to the next thing that happens, or to a time since booting. */
  | { readonly kind: 'advance'; readonly to: 'next' | number }
  /** Ends an advance that is under way where it is. */
  | { readonly kind: 'halt' }
  /** What there is to see now. */
  | Look
  /** Entries of a directory of the guest. */
  | { readonly kind: 'list'; readonly path: string }
  /** A file of the guest. */
  | { readonly kind: 'read'; readonly path: string }
  /** Words to choose from. */
  | { readonly kind: 'words' }
  /** Loads what only some requests need, before they come. */
  | { readonly kind: 'ahead' };

/** The answer to each kind of request. */
export interface Answers extends RacesAnswers, EditorAnswers, CompareAnswers, TraceAnswers {
  readonly load: Loaded;
  readonly command: Done;
  readonly speed: undefined;
  readonly advance: undefined;
  readonly halt: undefined;
  readonly look: Seen;
  readonly list: Listed;
  readonly read: Read;
  readonly words: Words;
  readonly ahead: undefined;
}

export type RequestOf<Kind extends Request['kind']> = Extract<Request, { readonly kind: Kind }>;

/** What the worker tells unasked. */
export type WorkerEvent =
  /** A step of the timeline did not turn out as its `expect` says. */
  | { readonly event: 'failure'; readonly message: string }
  /** Of a search that is under way. */
  | ({ readonly event: 'progress' } & SearchProgress);

/** Messages to the worker. */
export interface ToWorker {
  readonly id: number;
  readonly request: Request;
}

/** Messages from the worker. `defect`: nothing that a user did should lead to it. */
export type FromWorker =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly defect: string }
  | WorkerEvent;

/** Of a scenario: the guest runs, or what is wrong, and where. */
export type Loaded =
  | { readonly ok: true; readonly description: string }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What came of a command, and when it was given, in ns since booting. */
export interface Done {
  readonly atNs: number;
  readonly answer: ControlAnswer;
}

/** Asks for what the views show, all of one moment. */
export interface Look {
  readonly kind: 'look';
  /** Lines of the kernel log from this one on. */
  readonly logFrom?: number;
  /** Files to read. */
  readonly files?: readonly string[];
  /**
   * A part of the picture of the machine, and the version of its frame that the page has. Of `row` the channel is told,
   * wherever it is.
   */
  readonly picture?: { readonly window: PictureWindow; readonly version: number; readonly row: number };
  /** What runs of the workload. */
  readonly workload?: true;
}

export interface Seen {
  readonly state: GuestState;
  /** As dmesg prints them. */
  readonly log?: readonly string[];
  /** By path. */
  readonly files?: Readonly<Record<string, Read>>;
  readonly picture?: PictureSeen;
  readonly workload?: readonly WorkloadNow[];
}

/** A part of the picture. Counters and totals are row by row. */
export interface PictureSeen {
  /** Of the frame that it is counted in. */
  readonly version: number;
  /** Missing: the page has it. */
  readonly frame?: PictureFrame;
  readonly window: PictureWindow;
  readonly counts: Uint32Array;
  readonly totals: Float64Array;
  readonly channels: readonly ChannelNow[];
}

/** A workload that runs: what it is about, and what it has done. */
export interface WorkloadNow {
  readonly kind: string;
  readonly relid?: number;
  readonly irq?: number;
  readonly device?: string;
  readonly sent: number;
}

/** Words of scenarios, by what they are for. */
export interface Words {
  readonly actions: readonly string[];
  readonly drivers: readonly string[];
  readonly deeds: readonly string[];
  readonly messages: readonly string[];
  /** The JSON Schema of scenario files, if plug-ins add to it. */
  readonly schema?: object;
}

/** The guest as the page's head shows it. Times are ns since booting. */
export interface GuestState {
  /** Counts guests: another number, another guest. */
  readonly guest: number;
  readonly ns: number;
  readonly speed: number;
  /** How far the guest has fallen behind because this machine is too slow. */
  readonly behindNs: number;
  /** When the next thing is going to happen; undefined: nothing is. */
  readonly nextNs: number | undefined;
  /** True while an advance, or work of a command, is under way. */
  readonly isBusy: boolean;
  readonly logLines: number;
}

/** Text of a file, or the errno that opening or reading it gives. */
export type Read =
  | { readonly ok: true; readonly text: string; readonly mode: number }
  | { readonly ok: false; readonly code: string; readonly message: string };

export type Listed =
  | { readonly ok: true; readonly entries: readonly Entry[] }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface Entry {
  readonly name: string;
  /** st_mode: type and permissions. */
  readonly mode: number;
  /** Where a symbolic link points. */
  readonly target?: string;
}
