import type { CpuId, Ns } from '../lib/brand.js';
import { type Token, token } from '../lib/token.js';
import type { TracePort } from '../trace/port.js';
import type { GuestMemory } from './guest-memory.js';
import type { Guid } from './protocol/guid.js';
import type { SynicPages } from './synic.js';

/** A message of a passed-through device, and where it is to go from now on (struct hv_retarget_device_interrupt). */
export interface RetargetInterrupt {
  /** Of the bus and the function: hvPciDeviceId. */
  readonly deviceId: number;
  readonly msg: { readonly addressLo: number; readonly data: number };
  readonly vector: number;
  /** Virtual processors, one of which is to be interrupted. */
  readonly vps: readonly CpuId[];
}

/** What the hypervisor knows a function of a passed-through bus by: of the bus' GUID, and the function's number. */
export function hvPciDeviceId(instanceId: Guid, func: number): number {
  const part = (from: number): number => Number.parseInt(instanceId.slice(from, from + 4), 16);
  // Bytes 4 to 7, in which a GUID's second and third part lie with their lower byte first.
  return ((part(9) << 16) | ((part(14) & 0xff00) >>> 0) | (part(14) & 0xf8) | func) >>> 0;
}

/** What a guest tells its hypervisor when it panics. */
export interface CrashReport {
  /** The end of the kernel log, as far as it goes into a page (CRASH_NOTIFY_MSG); undefined: registers only. */
  readonly message: string | undefined;
}

/** The page of bits that a host polls, of channels that have a monitor. */
export interface MonitorTriggers {
  /** Looks whether the monitor's bit is set, and clears it. */
  take(monitorId: number): boolean;
}

/** HV_STATUS_* */
export const HV_STATUS_SUCCESS = 0;
export const HV_STATUS_INVALID_PARAMETER = 5;
export const HV_STATUS_INSUFFICIENT_MEMORY = 0xb;
export const HV_STATUS_INVALID_CONNECTION_ID = 0x12;
export const HV_STATUS_INSUFFICIENT_BUFFERS = 0x13;

/**
 * What the guest can ask of its hypervisor: the hypercalls and synic registers that VMBus uses. The host behind it is
 * met in nothing else but these, the synic pages and the rings.
 */
export interface HostPort {
  /**
   * HVCALL_POST_MESSAGE to the connection `connectionId`. The bytes are copied.
   *
   * @param canSleep default true; false: a guest that has to wait for room asks again and again with interrupts off, which takes no
   *   time here, so there is room.
   * @returns its status: HV_STATUS_SUCCESS; HV_STATUS_INVALID_CONNECTION_ID if the host has no such connection;
   *   HV_STATUS_INSUFFICIENT_BUFFERS while it has no room for the message.
   */
  postMessage(message: Uint8Array, connectionId: number, canSleep?: boolean): number;
  /** HVCALL_SIGNAL_EVENT: tells the host to look at the ring of a channel. */
  signalEvent(connectionId: number): void;
  /**
   * A bit of the page that the host polls has been set. Nothing tells a host of that: its next look finds the bit, and this
   * call has it look.
   */
  monitorTriggered(page: MonitorTriggers): void;
  /**
   * The guest waits for its host's answers on a channel with interrupts off, looking again and again: the host reads the
   * ring, and answers, before this returns.
   */
  awaitAnswers(connectionId: number): void;
  /** HVCALL_RETARGET_INTERRUPT. @returns its status: HV_STATUS_SUCCESS, or why not. */
  retargetInterrupt(request: RetargetInterrupt): number;
  /** The number of a CPU's virtual processor, by which the host knows it (hv_cpu_number_to_vp_number). */
  vpIndex(cpu: CpuId): CpuId;
  /** Writes of the crash MSRs: the guest's kernel has panicked (HV_X64_MSR_CRASH_CTL). */
  reportCrash(report: CrashReport): void;
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
  /** Who is told, in the guest's trace, of what the host does; undefined: nobody. */
  readonly traced?: { readonly tracePort: TracePort | undefined };
}

export const GUEST_PORT: Token<GuestPort> = token('GuestPort');

/** The host as a kernel sees it that has stopped: nothing reaches it any more. */
export const noHost: HostPort = {
  postMessage: () => HV_STATUS_INVALID_CONNECTION_ID,
  signalEvent() {},
  monitorTriggered() {},
  awaitAnswers() {},
  retargetInterrupt: () => HV_STATUS_INVALID_PARAMETER,
  vpIndex: (cpu) => cpu,
  reportCrash() {},
  enableSynic() {},
  disableSynic() {},
  endOfMessage() {},
};

/** The host as a kernel sees it whose CPUs are not the virtual processors of the same numbers. */
export class RenumberedHost implements HostPort {
  /** @param vps virtual processor of each CPU. */
  constructor(
    private readonly host: HostPort,
    private readonly vps: readonly CpuId[],
  ) {}

  postMessage(message: Uint8Array, connectionId: number, canSleep?: boolean): number {
    return this.host.postMessage(message, connectionId, canSleep);
  }

  signalEvent(connectionId: number): void {
    this.host.signalEvent(connectionId);
  }

  monitorTriggered(page: MonitorTriggers): void {
    this.host.monitorTriggered(page);
  }

  awaitAnswers(connectionId: number): void {
    this.host.awaitAnswers(connectionId);
  }

  retargetInterrupt(request: RetargetInterrupt): number {
    return this.host.retargetInterrupt({ ...request, vps: request.vps.map((cpu) => this.vpIndex(cpu)) });
  }

  vpIndex(cpu: CpuId): CpuId {
    return this.vps[cpu] ?? cpu;
  }

  reportCrash(report: CrashReport): void {
    this.host.reportCrash(report);
  }

  enableSynic(cpu: CpuId, pages: SynicPages): void {
    this.host.enableSynic(this.vpIndex(cpu), pages);
  }

  disableSynic(cpu: CpuId): void {
    this.host.disableSynic(this.vpIndex(cpu));
  }

  endOfMessage(cpu: CpuId): void {
    this.host.endOfMessage(this.vpIndex(cpu));
  }
}
