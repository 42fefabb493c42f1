import type { Irq } from '../lib/brand.js';
import type { IrqCore } from '../irq/core.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import type { Lock } from '../machine/lock.js';
import { Task } from '../machine/task.js';
import type { VmbusBus } from './bus.js';
import { VmbusChannel } from './channel/channel.js';
import { VMBUS_CONNECT_CPU } from './channel/placement.js';
import type { VmbusConnection } from './connection/connection.js';
import { INVALID_RELID, MAX_CHANNEL_RELIDS } from './relid-map.js';
import { type HvPerCpuContext, HVMSG_NONE } from './synic.js';

/** Name of the chip of channel interrupts, by which they are told from others. */
const CHIP_NAME = 'VMBus';

/** The parts of a guest's VMBus that are looked at; a Vmbus has them. */
interface VmbusParts {
  readonly connection: VmbusConnection;
  readonly bus: VmbusBus;
  readonly contexts: readonly HvPerCpuContext[];
  readonly irq: IrqCore;
  readonly isLoaded: boolean;
}

/**
 * What holds of VMBus between any two steps of its contexts, whatever the host does. For tests, and for IRQLAB_CHECKS=full:
 * it looks at everything.
 *
 * @returns sentences about what does not hold; none if all does.
 */
export function brokenInvariants(vmbus: VmbusParts): string[] {
  const broken: string[] = [];
  const channels = [...vmbus.connection.channels()];
  checkConnection(vmbus, channels, broken);
  checkLists(vmbus, channels, broken);
  for (const channel of channels) checkChannel(vmbus, channel, broken);
  checkOwnership(vmbus, new Set(channels), broken);
  checkMemory(vmbus, channels, broken);
  checkPlacement(vmbus, broken);
  broken.push(...(vmbus.connection.relids.broken?.() ?? []));
  return broken;
}

/** What holds besides when no context runs or waits. */
export function brokenAtRest(vmbus: VmbusParts): string[] {
  const { connection, contexts } = vmbus;
  const broken = brokenInvariants(vmbus);
  if (connection.channelMutex.isHeld && !holderSleeps(connection.channelMutex))
    broken.push('channel_mutex is held');
  if (connection.setAffinityLock.isHeld) broken.push('set_affinity_lock is held');
  if (connection.offers.count !== 0) broken.push(`${connection.offers.count} offers in progress`);
  if (connection.requests.size !== 0) broken.push(`${connection.requests.size} requests without a waiter`);
  // The pages of a module that was unloaded are nobody's.
  if (vmbus.isLoaded && contexts[VMBUS_CONNECT_CPU].message.type !== HVMSG_NONE)
    broken.push('a message that nobody handles');
  for (const channel of connection.channels()) {
    const { relid, state, targetCpu } = channel;
    if (state.kind === 'offer' || state.kind === 'opening')
      broken.push(`channel ${relid} is ${state.kind} for ever`);
    if (relid !== INVALID_RELID && !connection.synicOnline.has(targetCpu))
      broken.push(`channel ${relid} targets CPU ${targetCpu}, which is off`);
    if (!channel.probeDone.isDone) broken.push(`channel ${relid} has no driver's answer`);
  }
  return broken;
}

/** Whoever sleeps for a time is on its way, with all that it holds. */
function holderSleeps(lock: Lock): boolean {
  const holder = lock.heldBy();
  return holder instanceof Task && holder.blockedOn?.kind === 'sleep';
}

function checkConnection(
  { connection }: VmbusParts,
  channels: readonly VmbusChannel[],
  broken: string[],
): void {
  const { state, offers, modchans } = connection;
  if (state.kind === 'disconnected' && channels.some(({ state }) => state.kind === 'opened')) {
    broken.push('open channels without a connection');
  }
  if (offers.count < 0) broken.push(`${offers.count} offers in progress`);
  if (modchans.completed > modchans.sent) {
    broken.push(`${modchans.completed} MODIFYCHANNELs completed of ${modchans.sent} sent`);
  }
}

/** Each channel is in one list, where it belongs, and each device has its channel. */
function checkLists(
  { connection, bus }: VmbusParts,
  channels: readonly VmbusChannel[],
  broken: string[],
): void {
  if (new Set(channels).size !== channels.length) broken.push('a channel is in two lists');
  const relids = channels.map(({ relid }) => relid).filter((relid) => relid !== INVALID_RELID);
  if (new Set(relids).size !== relids.length) broken.push('two channels of one relid');
  for (const primary of connection.primaries) {
    if (primary.primary !== undefined) broken.push(`sub-channel ${primary.relid} is among the primary ones`);
    const indexes = new Set<number>();
    for (const sub of primary.subChannels) {
      if (sub.primary !== primary)
        broken.push(`sub-channel ${sub.relid} is in the list of channel ${primary.relid}`);
      if (sub.device !== undefined) broken.push(`sub-channel ${sub.relid} has a device`);
      if (sub.rescind) continue;
      if (indexes.has(sub.offer.subChannelIndex))
        broken.push(`sub-channel ${sub.relid} has the index of another`);
      indexes.add(sub.offer.subChannelIndex);
    }
  }
  for (const device of bus.devices) {
    const { channel } = device;
    if (channel.device !== device) broken.push(`the device of channel ${channel.relid} is not its device`);
    if (!connection.primaries.includes(channel))
      broken.push(`the device of channel ${channel.relid} has lost it`);
  }
}

function checkChannel({ connection, irq }: VmbusParts, channel: VmbusChannel, broken: string[]): void {
  const { relid, state, irq: number } = channel;
  if (relid === INVALID_RELID) {
    // Suspended: the device waits to be offered again, and its driver may try to open it all the same.
    if (channel.irq !== 0 || (state.kind !== 'open' && state.kind !== 'opening'))
      broken.push(`a suspended channel is ${state.kind}`);
    return;
  }
  if (!(relid >= 1 && relid < MAX_CHANNEL_RELIDS)) broken.push(`a channel has relid ${relid}`);
  if (connection.relids.relid2channel(relid) !== channel)
    broken.push(`relid ${relid} does not lead to its channel`);
  if (channel.targetCpu < 0 || channel.targetCpu >= connection.machine.nrCpuIds) {
    broken.push(`channel ${relid} targets CPU ${channel.targetCpu}`);
  }
  if (connection.relids.domain === undefined) return;
  if (state.kind === 'opened' && !channel.irqRequested)
    broken.push(`channel ${relid} is open without its IRQ`);
  const desc = irq.desc(number);
  if (desc === undefined) broken.push(`IRQ ${number} of channel ${relid} does not exist`);
  else if (isChannelIrq(desc) && desc.data.hwirq !== relid) {
    broken.push(`IRQ ${number} of channel ${relid} is that of relid ${desc.data.hwirq}`);
  }
}

/** Each IRQ of VMBus has one channel. */
function checkOwnership({ irq }: VmbusParts, channels: ReadonlySet<VmbusChannel>, broken: string[]): void {
  const owners = new Map<Irq, VmbusChannel>();
  for (const channel of channels) {
    if (channel.irq === 0) continue;
    const other = owners.get(channel.irq);
    if (other !== undefined)
      broken.push(`IRQ ${channel.irq} is that of channels ${other.relid} and ${channel.relid}`);
    owners.set(channel.irq, channel);
  }
  for (const desc of irq.descs()) {
    if (isChannelIrq(desc) && !owners.has(desc.irq) && !isOrphan(desc.data.handlerData)) {
      broken.push(`IRQ ${desc.irq} has no channel`);
    }
  }
}

/** A closed sub-channel whose device has gone before it: the host has yet to take it back. */
function isOrphan(channel: unknown): boolean {
  return channel instanceof VmbusChannel && channel.primary?.subChannels.includes(channel) === true;
}

function isChannelIrq({ data }: IrqDesc): boolean {
  // Relid 0 is that of control messages.
  return data.chip.name === CHIP_NAME && data.hwirq !== 0;
}

/** Rings lie in memory of their own, which is still allocated. */
function checkMemory({ connection }: VmbusParts, channels: readonly VmbusChannel[], broken: string[]): void {
  const pages = new Set<number>();
  const gpadls = new Set<number>();
  for (const { relid, rings } of channels) {
    if (rings === undefined) continue;
    const { pfn, gpadl, inbound, outbound } = rings;
    if (pages.has(pfn)) broken.push(`channel ${relid} has the rings of another`);
    if (gpadls.has(gpadl)) broken.push(`channel ${relid} has the GPADL of another`);
    pages.add(pfn);
    gpadls.add(gpadl);
    const block = connection.memory.blockAt(pfn);
    if (block === undefined) broken.push(`the rings of channel ${relid} lie in freed memory`);
    else if (inbound.ring.memory !== block || outbound.ring.memory !== block) {
      broken.push(`the rings of channel ${relid} do not lie in their memory`);
    }
  }
}

/** CPUs that count as used are in the node that they are counted for. */
function checkPlacement({ connection }: VmbusParts, broken: string[]): void {
  const { node: nodeOf } = connection.machine.topology;
  for (const node of new Set(nodeOf)) {
    for (const cpu of connection.placement.allocatedIn(node) ?? []) {
      if (nodeOf[cpu] !== node)
        broken.push(`CPU ${cpu} counts as used in node ${node}, but is in node ${nodeOf[cpu]}`);
    }
  }
}
