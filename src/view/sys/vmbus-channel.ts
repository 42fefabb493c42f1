import type { Relid } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { scanUnsigned } from '../../lib/kstrtox.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';
import { VERSION_WIN10_V4_1 } from '../../vmbus/protocol/channel-messages.js';
import { RING_WORD, type RingBuffer } from '../../vmbus/ring/index.js';
import type { Vmbus } from '../../vmbus/vmbus.js';
import { channelMonitorFiles } from './vmbus-monitor.js';
import {
  checked,
  type DirectoryNode,
  type FileNode,
  type SleepingWrite,
  sleepingSysfsFile,
  StaticDirectory,
  sysfsFile,
} from '../tree-node.js';

/** /sys/bus/vmbus/devices/GUID/channels/RELID (drivers/hv/vmbus_drv.c vmbus_chan_attrs). */
export function vmbusChannelDirectory(vmbus: Vmbus, channel: VmbusChannel): DirectoryNode {
  const show = (value: () => number): FileNode => sysfsFile(0o444, { show: () => `${value()}\n` });
  const outbound = (value: (ring: RingBuffer) => number): FileNode =>
    show(() => value(openRing(channel.relid, channel.rings?.outbound.ring)));
  const inbound = (value: (ring: RingBuffer) => number): FileNode =>
    show(() => value(openRing(channel.relid, channel.rings?.inbound.ring)));
  return new StaticDirectory(0o755, {
    cpu: sleepingSysfsFile(channel.machine, 0o644, {
      show: () => `${channel.targetCpu}\n`,
      store: (text) => targetCpuStore(vmbus, channel, text),
    }),
    events: show(() => channel.sigEvents),
    in_mask: inbound((ring) => ring.load(RING_WORD.INTERRUPT_MASK)),
    interrupts: show(() => channel.interrupts),
    intr_in_full: show(() => channel.ringCounters.intrInFull),
    intr_out_empty: show(() => channel.ringCounters.intrOutEmpty),
    out_full_first: show(() => channel.ringCounters.outFullFirst),
    out_full_total: show(() => channel.ringCounters.outFullTotal),
    out_mask: outbound((ring) => ring.load(RING_WORD.INTERRUPT_MASK)),
    read_avail: inbound((ring) => ring.bytesToRead() >>> 0),
    subchannel_id: show(() => channel.offer.subChannelIndex),
    ...channelMonitorFiles(vmbus, channel),
    write_avail: outbound((ring) => ring.bytesToWrite() >>> 0),
  });
}

/**
 * A write to a channel's `cpu` file, done as the design has it (target_cpu_store). The RFC as posted returns 0 bytes on
 * success, which `echo` would repeat for ever; here the write succeeds.
 */
function targetCpuStore(vmbus: Vmbus, channel: VmbusChannel, text: string): SleepingWrite<void> {
  const { connection } = vmbus;
  const { machine, relid } = channel;
  if (connection.version < VERSION_WIN10_V4_1) {
    throw new ErrnoError('EIO', `the host cannot move channel ${relid}: that needs VMBus 4.1`);
  }
  const cpu = scanUnsigned(text);
  if (cpu === undefined) throw new ErrnoError('EIO', `${JSON.stringify(text)} is no CPU number`);
  if (cpu >= machine.nrCpuIds) {
    throw new ErrnoError('EINVAL', `there is no CPU ${cpu}: the machine has CPUs 0-${machine.nrCpuIds - 1}`);
  }
  const store = channel.writing(connection.modifyChannel.store(channel, cpu));
  return {
    name: 'target_cpu_store',
    work: checked(store, () => refusal(channel, cpu)),
  };
}

function refusal(channel: VmbusChannel, cpu: number): string {
  const { machine, relid, irqName, state } = channel;
  const name = `channel ${relid} (${irqName})`;
  if (!machine.online.has(cpu)) return `${name} cannot go to CPU ${cpu}, which is offline`;
  if (machine.isolated.has(cpu)) return `${name} cannot go to CPU ${cpu}, which is isolated`;
  if (state.kind !== 'opened') return `${name} is not open; the host moves open channels only`;
  return `${name} cannot go to CPU ${cpu}`;
}

/** @throws ErrnoError EINVAL while there is no ring. */
export function openRing(relid: Relid, ring: RingBuffer | undefined): RingBuffer {
  if (ring === undefined) throw new ErrnoError('EINVAL', `channel ${relid} is closed and has no rings`);
  return ring;
}
