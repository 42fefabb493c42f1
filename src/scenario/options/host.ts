import type { HostManners } from '../../host/manners.js';
import type { MisbehaveRule } from '../../host/misbehave/rule.js';
import type { ThrottleOptions } from '../../host/throttle.js';
import type { Ns } from '../../lib/brand.js';

/** VMBus protocol versions that Linux can speak, oldest first. */
export const vmbusVersions = ['2.4', '3.0', '4.0', '4.1', '5.0', '5.1', '5.2', '5.3', '6.0'] as const;
/** A version of VMBus that a host can offer at most. */
export type VmbusVersion = (typeof vmbusVersions)[number];

/** How long Hyper-V takes. What is left out has the host model's default. */
export interface HostLatencies {
  /** From any control message of the guest to its answer, where nothing below says otherwise. */
  readonly messageNs?: Ns;
  /** OPENCHANNEL to OPENCHANNEL_RESULT. */
  readonly openNs?: Ns;
  /** GPADL_HEADER to GPADL_CREATED. */
  readonly gpadlNs?: Ns;
  /** MODIFYCHANNEL until the host interrupts the new CPU instead of the old one, and says so; Infinity: never. */
  readonly modifyChannelNs?: Ns;
  /** OPENCHANNEL_RESULT until the guest's signals reach the host; earlier ones are lost. Default 0. */
  readonly eventPortNs?: Ns;
  /** Between two looks where the host polls: at a full ring, at the page of monitors. */
  readonly pollNs?: Ns;
}

/** How the host moves data. */
export interface TrafficOptions {
  /** From what the guest sends to its completion. */
  readonly latencyNs?: Ns;
  readonly batch?: {
    /** The host interrupts once for so many packets to the guest. Default 1. */
    readonly count?: number;
    /** After so long it interrupts for fewer, too. Default 0: only what is ready at the same time goes together. */
    readonly waitNs?: Ns;
  };
}

/** Protocol versions of PCI pass-through. */
export const pciProtocolVersions = ['1.1', '1.2', '1.3', '1.4'] as const;

/** What a host is like, and how it misbehaves. */
export interface HostOptions extends HostManners {
  /** Newest VMBus version that the host accepts; default 5.3, with `confidentialVmbus` 6.0. */
  readonly version?: VmbusVersion;
  readonly latency?: HostLatencies;
  /** The host has feat_pending_send_sz, so that full rings are told of by signals; false: it polls. Default true. */
  readonly pendingSendSz?: boolean;
  /** Messages of the guest that the host can hold before it deals with them; default: any number. */
  readonly messageBuffers?: number;
  /** When the host suspends a guest that signals without need; default: never. */
  readonly throttle?: ThrottleOptions;
  /** Vsock ports that services of the host listen on. */
  readonly sockets?: readonly number[];
  /** Disks; default latency 100 µs. */
  readonly storage?: TrafficOptions;
  /** Network adapters; default latency 20 µs. */
  readonly network?: TrafficOptions;
  /** PCI buses that are passed through; newest version of their protocol, default 1.4. */
  readonly pci?: { readonly version?: (typeof pciProtocolVersions)[number] };
  /** What the host does that it must not; default: nothing. */
  readonly misbehave?: readonly MisbehaveRule[];
}
