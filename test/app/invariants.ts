import type { Guest } from '../../src/app/guest.js';

/** What must hold of a guest whenever nothing is on its way. Returns what does not. */
export function brokenInvariants(guest: Guest): string[] {
  const { machine, irqCore, vmbus } = guest;
  const broken: string[] = [];
  const channels = [...vmbus.connection.channels()];
  const ofChannels = new Set(channels.map(({ irq }) => irq));
  for (const { relid, targetCpu, irq } of channels) {
    if (!machine.online.has(targetCpu)) broken.push(`channel ${relid} targets CPU ${targetCpu}, which is offline`);
    if (irqCore.desc(irq) === undefined) broken.push(`channel ${relid} has no IRQ`);
    else if (vmbus.connection.relids.relid2channel(relid) === undefined) broken.push(`relid ${relid} is not mapped`);
  }
  for (const desc of irqCore.descs()) {
    if (desc.data.chip.name === 'VMBus' && !ofChannels.has(desc.irq)) broken.push(`IRQ ${desc.irq} has no channel`);
  }
  for (const channel of guest.host.hyperv.allChannels()) {
    if (channel.lost > 0) broken.push(`${channel.lost} events of channel ${channel.relid} were lost`);
  }
  return broken;
}

/** Events that a channel's host signalled, against what became of them. */
export function accountOf(guest: Guest, relid: number): { signalled: number; counted: number; coalesced: number } {
  const channel = guest.host.channel(relid);
  const irq = guest.vmbus.connection.relids.relid2channel(relid)?.irq ?? 0;
  return {
    signalled: channel?.signalled ?? 0,
    counted: guest.irqCount(irq) ?? 0,
    coalesced: channel?.coalesced ?? 0,
  };
}
