import type { CpuId, Relid } from '../../lib/brand.js';
import { CONNECTION_ID_BASE } from '../../host/channel-table.js';
import type { HostChannel } from '../../host/device.js';
import type { HostObserver } from '../../host/observer.js';
import {
  CHANNELMSG,
  type ChannelMessage,
  messageName,
  versionName,
} from '../../vmbus/protocol/channel-messages.js';

/** A channel as the recorded host lists it. */
export interface HostRecord {
  readonly relid: Relid;
  readonly sub: number;
  offered: 0 | 1;
  open: 0 | 1;
  vp: CpuId;
  rescinded: 0 | 1;
  released: 0 | 1;
  /** Event flags set. */
  raised: number;
  /** The synic of the VP was off. */
  dropped: number;
  /** The channel was closed. */
  lost: number;
  from_guest: number;
}

/** Of the synic registers only SINT 2 changes: vector 0xf3, auto-EOI; bit 16 masks it. */
const SYNIC_ON = 'scontrol=1 sint2=0x200f3 simp=1 siefp=1';
const SYNIC_OFF = 'scontrol=0 sint2=0x300f3 simp=0 siefp=0';

/** What the recorded host knows and logs, as the model's host does it. */
export class HostLog implements HostObserver {
  /** Messages since the log was last taken. */
  private readonly lines: string[] = [];
  /** Of all messages of the guest, by type. */
  readonly counts: Record<string, number> = {};
  readonly channels = new Map<Relid, HostRecord>();
  readonly synics: boolean[] = [];
  /** MODIFYCHANNELs that the host has yet to follow, by relid, in their order. */
  readonly pending: Relid[] = [];
  /** Messages of the host. */
  messages = 0;
  /** How often it has followed. */
  follows = 0;
  version = '';
  connectVp: CpuId = 0;
  requested: 0 | 1 = 0;
  unloaded: 0 | 1 = 0;
  private proposed = 0;

  get texts(): readonly string[] {
    return this.lines;
  }

  /** The log, which is empty then. */
  take(): string[] {
    return this.lines.splice(0);
  }

  posted(message: ChannelMessage, connection: number, accepted: boolean): void {
    const name = messageName(message.type);
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    this.lines.push(`guest ${guestText(message, connection)}${accepted ? '' : ': invalid connection'}`);
    if (!accepted) return;
    switch (message.type) {
      case CHANNELMSG.INITIATE_CONTACT:
        this.proposed = message.version;
        this.connectVp = message.targetVcpu;
        return;
      case CHANNELMSG.REQUESTOFFERS:
        this.requested = 1;
        return;
      case CHANNELMSG.UNLOAD:
        this.unloaded = 1;
        return;
      case CHANNELMSG.MODIFYCHANNEL:
        this.pending.push(message.childRelid);
        return;
      case CHANNELMSG.OPENCHANNEL:
        this.change(message.childRelid, { vp: message.targetVp });
        return;
      case CHANNELMSG.CLOSECHANNEL:
        this.change(message.childRelid, { open: 0 });
        return;
      case CHANNELMSG.RELID_RELEASED:
        this.change(message.childRelid, { released: 1 });
        return;
      default:
    }
  }

  sent(message: ChannelMessage): void {
    this.messages += 1;
    this.lines.push(`host ${hostText(message)}`);
    switch (message.type) {
      case CHANNELMSG.VERSION_RESPONSE:
        if (message.versionSupported) this.version = versionName(this.proposed) ?? '';
        return;
      case CHANNELMSG.OFFERCHANNEL:
        this.change(message.childRelid, { offered: 1 });
        return;
      case CHANNELMSG.OPENCHANNEL_RESULT:
        if (message.status === 0) this.change(message.childRelid, { open: 1 });
        return;
      case CHANNELMSG.RESCIND_CHANNELOFFER:
        this.change(message.childRelid, { offered: 0, rescinded: 1 });
        return;
      default:
    }
  }

  modified({ relid, targetVp }: HostChannel): void {
    this.follows += 1;
    this.pending.splice(this.pending.indexOf(relid), 1);
    this.change(relid, { vp: targetVp });
    this.lines.push(`host follows relid=${relid} vp=${targetVp}`);
  }

  synicSwitched(vp: CpuId, on: boolean): void {
    this.synics[vp] = on;
    this.lines.push(`synic vp=${vp} ${on ? SYNIC_ON : SYNIC_OFF}`);
  }

  signalled(connectionId: number): void {
    const record = this.channels.get(connectionId - CONNECTION_ID_BASE);
    if (record !== undefined) record.from_guest += 1;
  }

  /** The host knows of a channel, which it may offer later. */
  add(relid: Relid, sub: number): void {
    const none = { offered: 0, open: 0, vp: 0, rescinded: 0, released: 0 } as const;
    this.channels.set(relid, { relid, sub, ...none, raised: 0, dropped: 0, lost: 0, from_guest: 0 });
  }

  private change(relid: Relid, what: Partial<HostRecord>): void {
    const record = this.channels.get(relid);
    if (record !== undefined) Object.assign(record, what);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function guestText(message: ChannelMessage, connection: number): string {
  const name = messageName(message.type);
  switch (message.type) {
    case CHANNELMSG.INITIATE_CONTACT:
      return `${name} conn=${connection} version=${message.version >>> 16}.${message.version & 0xffff} vcpu=${message.targetVcpu}`;
    case CHANNELMSG.REQUESTOFFERS:
      return `${name} conn=${connection}`;
    case CHANNELMSG.GPADL_HEADER:
      return `${name} relid=${message.childRelid} gpadl=${hex(message.gpadl)} buflen=${message.rangeBufLen} ranges=1 bytes=${message.byteCount}`;
    case CHANNELMSG.GPADL_TEARDOWN:
      return `${name} relid=${message.childRelid} gpadl=${hex(message.gpadl)}`;
    case CHANNELMSG.OPENCHANNEL: {
      const { childRelid, openId, ringBufferGpadl, targetVp, downstreamPageOffset } = message;
      return `${name} relid=${childRelid} openid=${openId} gpadl=${hex(ringBufferGpadl)} vp=${targetVp} offset=${downstreamPageOffset}`;
    }
    case CHANNELMSG.CLOSECHANNEL:
    case CHANNELMSG.RELID_RELEASED:
      return `${name} relid=${message.childRelid}`;
    case CHANNELMSG.MODIFYCHANNEL:
      return `${name} relid=${message.childRelid} vp=${message.targetVp}`;
    default:
      return name;
  }
}

function hostText(message: ChannelMessage): string {
  const name = messageName(message.type);
  switch (message.type) {
    case CHANNELMSG.VERSION_RESPONSE:
      return `${name} supported=${message.versionSupported ? 1 : 0}`;
    case CHANNELMSG.OFFERCHANNEL:
      return `${name} relid=${message.childRelid} sub=${message.subChannelIndex}`;
    case CHANNELMSG.GPADL_CREATED:
      return `${name} relid=${message.childRelid} gpadl=${hex(message.gpadl)}`;
    case CHANNELMSG.GPADL_TORNDOWN:
      return `${name} gpadl=${hex(message.gpadl)}`;
    case CHANNELMSG.OPENCHANNEL_RESULT:
    case CHANNELMSG.MODIFYCHANNEL_RESPONSE:
      return `${name} relid=${message.childRelid} status=${message.status}`;
    case CHANNELMSG.RESCIND_CHANNELOFFER:
      return `${name} relid=${message.childRelid}`;
    default:
      return name;
  }
}
