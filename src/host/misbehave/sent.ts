import type { Relid } from '../../lib/brand.js';
import type { Prng } from '../../lib/prng.js';

/** Kinds of things that a host sends, and what it hears of the guest: that it is to look at a ring. */
export const sentKinds = ['message', 'signal', 'packet', 'guestSignal'] as const;
/** What a host can send: what rules of misbehaviour are about. */
export type SentKind = (typeof sentKinds)[number];

/** What is changed where something is corrupted. */
export interface Corruption {
  /**
   * Name of the field. Messages have the fields of message.ts, a signal `relid` and `cpu`, a packet those of its
   * descriptor and `trailer`, `payload`, `writeIndex`. Default: random.
   */
  readonly field?: string;
  /** Default: random. */
  readonly value?: number;
}

/** One thing that the host is about to send, or to hear. */
export interface Sent {
  readonly kind: SentKind;
  /** Type of a message; 0 for all else. */
  readonly type: number;
  /** The channel that it is about, if it is about one. */
  readonly relid: Relid | undefined;
  send(): void;
  /** Sends it with one thing in it changed. */
  sendCorrupted(corruption: Corruption, prng: Prng): void;
}
