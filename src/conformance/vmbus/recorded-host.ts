import type { CpuId, Relid } from '../../lib/brand.js';
import type { GuestHost } from '../../guest/host.js';
import type { SingleOffer } from '../../host/channel-table.js';
import { parseGuid } from '../../vmbus/protocol/guid.js';
import type { HostLog } from './host-log.js';

const MS = 1_000_000;

/** A channel that the recorded host is told to offer: `offer class=GUID inst=GUID relid=N [sub=N] [flags=N] [mon=N] [dedicated=N]`. */
export function parseOffer(command: string): SingleOffer {
  const given = new Map(
    command
      .split(' ')
      .slice(1)
      .map((word) => word.split('=') as [string, string]),
  );
  const number = (key: string): number | undefined => {
    const text = given.get(key);
    return text === undefined ? undefined : Number(text);
  };
  const monitor = number('mon');
  return {
    classId: parseGuid(given.get('class') ?? ''),
    instanceId: parseGuid(given.get('inst') ?? ''),
    childRelid: number('relid') ?? 0,
    subChannelIndex: number('sub') ?? 0,
    flags: number('flags') ?? 0,
    isDedicatedInterrupt: number('dedicated') !== 0,
    ...(monitor !== undefined && { monitorAllocated: true, monitorId: monitor }),
  };
}

/** The commands of the recorded host's control file, done by the model's host. */
export class RecordedHost {
  /** Interrupts for events, by VP. */
  private readonly interrupts: number[] = [];

  constructor(
    private readonly host: GuestHost,
    private readonly log: HostLog,
  ) {}

  command(text: string): void {
    const [word, ...args] = text.split(' ');
    const [first = 0, second = 1, third] = args.map(Number);
    switch (word) {
      case 'offer': {
        const offer = parseOffer(text);
        this.log.add(offer.childRelid, offer.subChannelIndex ?? 0);
        this.host.hyperv.offerChannel(offer);
        return;
      }
      case 'rescind':
        if (this.host.channel(first) !== undefined) this.host.hyperv.rescind(first);
        return;
      case 'signal':
        for (let i = 0; i < second; i++) this.signal(first, third, true);
        return;
      case 'flag':
        for (let i = 0; i < second; i++) this.signal(first, third, false);
        return;
      case 'kick':
        if (this.log.synics[first]) this.count(first);
        this.host.kick(first);
        return;
      case 'latency':
        this.host.hyperv.setLatency({ modifyChannelNs: first < 0 ? Number.POSITIVE_INFINITY : first * MS });
        return;
      case 'status':
        this.host.hyperv.setStatuses({ modifyChannel: first });
        return;
      case 'open_status':
        this.host.hyperv.setStatuses({ open: first });
        return;
      default:
        throw new RangeError(`the host knows no command ${text}`);
    }
  }

  /** Events raised and interrupts for nothing, by VP. */
  interruptsOf(vp: CpuId): number {
    return this.interrupts[vp] ?? 0;
  }

  private signal(relid: Relid, vp: CpuId | undefined, interrupts: boolean): void {
    const record = this.log.channels.get(relid);
    if (vp === undefined && record?.open !== 1) {
      if (record !== undefined) record.lost += 1;
      return;
    }
    const target = vp ?? record?.vp ?? 0;
    if (!this.log.synics[target]) {
      if (record !== undefined) record.dropped += 1;
      return;
    }
    if (record !== undefined) record.raised += 1;
    if (interrupts) this.count(target);
    if (!interrupts) this.host.flag(relid, target);
    // A channel that is taken back has no signals of its own any more.
    else if (vp === undefined && record?.rescinded === 0) this.host.signal(relid);
    else this.host.raise(relid, target);
  }

  private count(vp: CpuId): void {
    this.interrupts[vp] = this.interruptsOf(vp) + 1;
  }
}
