import type { Ns } from '../lib/brand.js';

const US = 1000;

/** How long the host takes for what it is asked. */
export interface HostLatency {
  /** From any message to its answer. Default 10 µs. */
  readonly messageNs?: Ns;
  /** OPENCHANNEL to its result. Default 50 µs. */
  readonly openNs?: Ns;
  /** GPADL_HEADER to GPADL_CREATED. Default 20 µs. */
  readonly gpadlNs?: Ns;
  /** MODIFYCHANNEL until the other VP is interrupted; Infinity: never, and there is no answer. Default 300 µs, "a few hundred" as the RFC measured. */
  readonly modifyChannelNs?: Ns;
  /** OPENCHANNEL_RESULT until the guest's signals reach the host; earlier ones are lost. Default 0. */
  readonly eventPortNs?: Ns;
  /** Between two looks where the host polls: at a full ring, at the page of monitors. Default 1 ms; nothing is documented. */
  readonly pollNs?: Ns;
}

/** The latencies of one host, which can change. */
export class Latencies implements HostLatency {
  messageNs: Ns = 10 * US;
  openNs: Ns = 50 * US;
  gpadlNs: Ns = 20 * US;
  modifyChannelNs: Ns = 300 * US;
  eventPortNs: Ns = 0;
  pollNs: Ns = 1000 * US;

  constructor(given: HostLatency) {
    this.set(given);
  }

  /** Changes those that are given. */
  set({ messageNs, openNs, gpadlNs, modifyChannelNs, eventPortNs, pollNs }: HostLatency): void {
    this.messageNs = messageNs ?? this.messageNs;
    this.openNs = openNs ?? this.openNs;
    this.gpadlNs = gpadlNs ?? this.gpadlNs;
    this.modifyChannelNs = modifyChannelNs ?? this.modifyChannelNs;
    this.eventPortNs = eventPortNs ?? this.eventPortNs;
    this.pollNs = pollNs ?? this.pollNs;
  }
}
