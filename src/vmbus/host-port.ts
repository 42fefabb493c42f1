import type { CpuId, Ns } from '../lib/brand.js';
import { type Token, token } from '../lib/token.js';
import type { GuestMemory } from './guest-memory.js';
import type { SynicPages } from './synic.js';

/**
 * What the guest can ask of its hypervisor: the hypercalls and synic registers that VMBus uses. The host behind it is
 * met in nothing else but these, the synic pages and the rings.
 */
export interface HostPort {
  /**
   * HVCALL_POST_MESSAGE to the connection `connectionId`. The bytes are copied.
   *
   * @returns false if the host has no such connection (HV_STATUS_INVALID_CONNECTION_ID).
   */
  postMessage(message: Uint8Array, connectionId: number): boolean;
  /** HVCALL_SIGNAL_EVENT: tells the host to look at the ring of a channel. */
  signalEvent(connectionId: number): void;
  /** Writes of SIMP, SIEFP, SINT2 and SCONTROL of `cpu`: from now on the host uses these pages. */
  enableSynic(cpu: CpuId, pages: SynicPages): void;
  /** Masks SINT2 and takes the pages away: what the host raises for `cpu` from now on is lost. */
  disableSynic(cpu: CpuId): void;
  /** Write of EOM on `cpu`: the message slot is free for the next message. */
  endOfMessage(cpu: CpuId): void;
}

export const HOST_PORT: Token<HostPort> = token('HostPort');

/** What the host can touch of its guest. */
export interface GuestPort {
  readonly memory: GuestMemory;
  /** Raises the vector that the guest set for SINT2 on `cpu`. */
  interrupt(cpu: CpuId): void;
  /** Keeps the guest's CPUs from running for `ns` ns. */
  suspend(ns: Ns): void;
}

export const GUEST_PORT: Token<GuestPort> = token('GuestPort');
