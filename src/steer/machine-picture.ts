import type { Guest } from '../guest/guest.js';
import type { CpuId, Irq, Relid } from '../lib/brand.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import { formatCpuList } from '../machine/cpumask-text.js';
import type { CountedRow } from '../view/interrupts/live.js';
import { shownAffinity } from '../view/proc/affinity-files.js';
import type { VmbusChannel } from '../vmbus/channel/channel.js';
import { deviceOf } from '../vmbus/driver.js';

/** A CPU of the picture. */
export interface PictureCpu {
  /** Its NUMA node. */
  readonly node: number;
  /** False: nobody has plugged it in. */
  readonly isPresent: boolean;
  readonly isOnline: boolean;
}

/** A row of the picture: one of /proc/interrupts, or a channel that has no line. */
export interface PictureRow {
  /** As in /proc/interrupts; of a channel without a line its relid, with a word before it. */
  readonly label: string;
  /** What stands behind the counts: names of the actions, or the architecture's text. */
  readonly name: string;
  /** Name of the chip, hwirq and flow, as far as there are any. */
  readonly chip: string;
  /** Missing: it is no line of the generic layer. */
  readonly irq?: Irq;
  /** CPUs that the line may go to and does go to, as lists. */
  readonly affinity?: string;
  readonly effective?: string;
  /** The channel whose row it is. */
  readonly channel?: PictureChannel;
  /** One count for the whole machine. */
  readonly isTotal?: boolean;
}

/** A VMBus channel, and its device. */
export interface PictureChannel {
  readonly relid: Relid;
  /** Relid of the device's primary channel. */
  readonly primary: Relid;
  /** What the driver calls itself in /sys/bus/vmbus/drivers; undefined: no driver has the device. */
  readonly driver: string | undefined;
  /** Channels of the device. */
  readonly channels: number;
  /** The driver can change that. */
  readonly canSetChannels: boolean;
}

/** What of a picture changes rarely. */
export interface PictureFrame {
  readonly cpus: readonly PictureCpu[];
  readonly rows: readonly PictureRow[];
}

/** What a channel's host and guest know of each other now. Counts are since the channel was offered. */
export interface ChannelNow {
  /** Index of its row. */
  readonly row: number;
  /** CPU that the guest has asked for last. */
  readonly cpu: CpuId;
  /** CPU that the host interrupts: another one while a MODIFYCHANNEL is under way. */
  readonly hostCpu: CpuId;
  readonly signalled: number;
  readonly coalesced: number;
  readonly lost: number;
}

/** A part of the picture. */
export interface PictureWindow {
  readonly firstRow: number;
  readonly rows: number;
  readonly firstCpu: CpuId;
  readonly cpus: number;
}

interface Row {
  readonly counts: ArrayLike<number>;
  readonly total: number;
  readonly channel: VmbusChannel | undefined;
}

/**
 * What a picture of a guest shows: CPUs, rows as /proc/interrupts has them, and where each line goes. The counters of a
 * part of it can be had many times a second, however large the machine is.
 */
export class MachinePicture {
  private rows: readonly Row[] = [];

  constructor(private readonly guest: Guest) {}

  /** CPUs and rows as they are now. Rows of `counts` and `channels` are counted as in what this gave last. */
  frame(): PictureFrame {
    const { guest } = this;
    const { machine } = guest;
    const byIrq = new Map<IrqDesc | undefined, VmbusChannel>();
    const withoutLine: VmbusChannel[] = [];
    for (const channel of guest.vmbus.connection.channels()) {
      const desc = lineOf(guest, channel);
      if (desc === undefined) withoutLine.push(channel);
      else byIrq.set(desc, channel);
    }
    const counted = guest.interrupts.rows();
    const channelOf = (row: CountedRow): VmbusChannel | undefined =>
      row.kind === 'irq' ? byIrq.get(row.desc) : undefined;
    const none: readonly number[] = [];
    this.rows = [
      ...counted.map((row) => ({
        counts: row.kind === 'total' ? none : row.counts,
        total: row.kind === 'total' ? row.total : 0,
        channel: channelOf(row),
      })),
      ...withoutLine.map((channel) => ({ counts: none, total: channel.interrupts, channel })),
    ];
    return {
      cpus: Array.from({ length: machine.nrCpuIds }, (_, cpu) => ({
        node: machine.topology.node[cpu] ?? 0,
        isPresent: machine.present.has(cpu),
        isOnline: machine.online.has(cpu),
      })),
      rows: [...counted.map((row) => pictured(row, channelOf(row))), ...withoutLine.map(channelRow)],
    };
  }

  /** Counters of a part of the picture, row by row; 0 beyond its edges. */
  counts({ firstRow, rows, firstCpu, cpus }: PictureWindow): Uint32Array {
    const counts = new Uint32Array(rows * cpus);
    for (let row = 0; row < rows; row++) {
      const from = this.rows[firstRow + row]?.counts;
      if (from === undefined) continue;
      for (let cpu = 0; cpu < cpus; cpu++) counts[row * cpus + cpu] = from[firstCpu + cpu] ?? 0;
    }
    return counts;
  }

  /** The sum of each row's counters, those of other CPUs than the part's included. */
  totals({ firstRow, rows }: Pick<PictureWindow, 'firstRow' | 'rows'>): Float64Array {
    const totals = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const row = this.rows[firstRow + i];
      if (row === undefined) continue;
      let sum = row.channel !== undefined && row.counts.length === 0 ? row.channel.interrupts : row.total;
      for (let cpu = 0; cpu < row.counts.length; cpu++) sum += row.counts[cpu];
      totals[i] = sum;
    }
    return totals;
  }

  /** The channels that have rows in a part of the picture, as far as the host still has them. */
  channels({ firstRow, rows }: Pick<PictureWindow, 'firstRow' | 'rows'>): ChannelNow[] {
    const channels: ChannelNow[] = [];
    for (let row = firstRow; row < Math.min(firstRow + rows, this.rows.length); row++) {
      const channel = this.rows[row]?.channel;
      const host = channel && this.guest.host.channel(channel.relid);
      if (channel === undefined || host === undefined) continue;
      const { targetVp: hostCpu, signalled, coalesced, lost } = host;
      channels.push({ row, cpu: channel.targetCpu, hostCpu, signalled, coalesced, lost });
    }
    return channels;
  }
}

/** A channel's line, if its design has given it one that /proc/interrupts shows. */
function lineOf({ irqCore, vmbus }: Guest, { irq }: VmbusChannel): IrqDesc | undefined {
  const { domain } = vmbus.connection.relids;
  const desc = domain === undefined ? undefined : irqCore.desc(irq);
  return desc?.action === undefined ? undefined : desc;
}

function pictured(row: CountedRow, channel: VmbusChannel | undefined): PictureRow {
  if (row.kind === 'total') return { label: row.label, name: '', chip: '', isTotal: true };
  if (row.kind === 'arch') return { label: row.label, name: row.text, chip: '' };
  const { desc, chip, hwirq, flow, trigger, actions } = row;
  return {
    label: String(desc.irq),
    name: actions.join(', '),
    chip: [chip, hwirq, flow ?? trigger].filter((part) => part !== null).join(' '),
    irq: desc.irq,
    affinity: formatCpuList(shownAffinity(desc)),
    effective: formatCpuList(desc.data.effectiveAffinity),
    ...(channel && { channel: pictureChannel(channel) }),
  };
}

function channelRow(channel: VmbusChannel): PictureRow {
  return {
    label: `relid ${channel.relid}`,
    name: channel.irqName,
    chip: 'VMBus, no line',
    channel: pictureChannel(channel),
  };
}

function pictureChannel(channel: VmbusChannel): PictureChannel {
  const primary = channel.primaryOrSelf;
  const device = deviceOf(primary);
  return {
    relid: channel.relid,
    primary: primary.relid,
    driver: device?.driver?.name,
    channels: 1 + primary.subChannels.length,
    canSetChannels: device?.driver?.setChannels !== undefined,
  };
}
