import type { CpuId } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import { callbackMode, channelStateNumbers, type VmbusChannel } from '../../vmbus/channel/channel.js';
import type { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import { deviceClassNamed } from '../../vmbus/protocol/class-ids.js';
import { type Guid, parseGuid } from '../../vmbus/protocol/guid.js';
import type { LabParameters } from './boot.js';

const OWN_CLASS = parseGuid('1ab00001-1111-2222-3333-444455556666');
const classNames = ['nic', 'scsi', 'ide', 'fc', 'nd', 'pci', 'keyboard', 'shutdown', 'timesync', 'heartbeat'];
const SCSI = deviceClassNamed('scsi')?.guid;

/** A channel that the driver has had. */
interface LabChannel {
  readonly relid: number;
  readonly channel: VmbusChannel;
  /** It has left the driver. */
  gone: boolean;
  open: boolean;
  /** Of the last vmbus_open. */
  ret: number;
  readonly moves: string[];
  readonly callbacks: Map<CpuId, number>;
}

/** The recordings' driver: it opens channels, counts their callbacks, and does nothing else. */
export class HvlabDriver implements VmbusDriver {
  readonly name = 'hvlab';
  readonly classIds: readonly Guid[] = [
    OWN_CLASS,
    ...classNames.flatMap((name) => deviceClassNamed(name)?.guid ?? []),
  ];
  /** All channels ever, the living one of a relid behind earlier ones. */
  private readonly channels: LabChannel[] = [];

  constructor(
    private readonly operations: ChannelOperations,
    private readonly parameters: LabParameters,
  ) {}

  *probe(device: VmbusDevice): Procedure<void> {
    device.subChannelsAsked = Number.POSITIVE_INFINITY;
    yield* this.take(device.channel);
  }

  *remove({ channel }: VmbusDevice): Procedure<void> {
    const leaving = [channel, ...channel.subChannels];
    yield* this.close(channel);
    for (const lab of this.channels) if (leaving.includes(lab.channel)) lab.gone = true;
  }

  *subChannelOffered(_device: VmbusDevice, channel: VmbusChannel): Procedure<void> {
    yield* this.take(channel);
  }

  targetCpuChanged(channel: VmbusChannel, oldCpu: CpuId, newCpu: CpuId): void {
    if (channel.offer.classId === SCSI && channel.primary === undefined)
      this.labOf(channel)?.moves.push(`${oldCpu}>${newCpu}`);
  }

  /** `open RELID` and the like, as the driver's ctl file takes them. */
  *command(text: string): Procedure<void> {
    const [word, number] = text.split(' ');
    const lab = this.channels.findLast(({ relid, gone }) => relid === Number(number) && !gone);
    if (lab === undefined) return;
    const { channel } = lab;
    if (word === 'open') yield* this.open(lab);
    else if (word === 'close') yield* this.close(channel);
    else if (word === 'event') this.operations.setEvent(channel);
    else if (word === 'isr' || word === 'direct' || word === 'batched')
      channel.callbackMode = callbackMode[word];
    else throw new RangeError(`the driver knows no command ${text}`);
  }

  /** What the driver's state file says. */
  state(): unknown[] {
    return this.channels.map(({ relid, channel, gone, open, ret, moves, callbacks }) => {
      const where =
        gone || hasLeft(channel)
          ? { gone: 1 }
          : {
              cpu: channel.targetCpu,
              state: channelStateNumbers[channel.state.kind],
              rescind: channel.rescind ? 1 : 0,
            };
      const counts = [...callbacks].sort(([a], [b]) => a - b);
      return {
        relid,
        ...where,
        open: open ? 1 : 0,
        ret,
        moves: [...moves],
        callbacks: Object.fromEntries(counts),
      };
    });
  }

  private *take(channel: VmbusChannel): Procedure<void> {
    const lab: LabChannel = {
      relid: channel.relid,
      channel,
      gone: false,
      open: false,
      ret: 0,
      moves: [],
      callbacks: new Map(),
    };
    this.channels.push(lab);
    if (this.parameters.autoopen) yield* this.open(lab);
  }

  private *open(lab: LabChannel): Procedure<void> {
    const { channel, callbacks } = lab;
    const callback = (): void => {
      const cpu = channel.machine.thisCpu;
      callbacks.set(cpu, (callbacks.get(cpu) ?? 0) + 1);
    };
    try {
      yield* this.operations.open(channel, { callback, ringPages: this.parameters.ringPages });
      lab.open = true;
      lab.ret = 0;
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      lab.ret = error.errno;
    }
  }

  /** Closes the channel and, of a primary one, its sub-channels. */
  private *close(channel: VmbusChannel): Procedure<void> {
    const closing = [channel, ...channel.subChannels];
    yield* this.operations.close(channel);
    const { device } = channel;
    if (device !== undefined) device.subChannelsAsked = Number.POSITIVE_INFINITY;
    for (const lab of this.channels) if (closing.includes(lab.channel)) lab.open = false;
  }

  private labOf(channel: VmbusChannel): LabChannel | undefined {
    return this.channels.findLast((lab) => lab.channel === channel);
  }
}

/** A sub-channel that was closed when the host took it back has gone without its driver. */
function hasLeft(channel: VmbusChannel): boolean {
  return channel.primary?.subChannels.includes(channel) === false;
}
