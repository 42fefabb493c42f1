import type { Guest } from '../../src/guest/guest.js';
import { brokenAtRest } from '../../src/vmbus/validate.js';

/** What must hold of a guest whenever nothing is on its way. Returns what does not. */
export function brokenInvariants(guest: Guest): string[] {
  const { machine, vmbus } = guest;
  const broken = brokenAtRest(vmbus);
  for (const { relid, targetCpu } of vmbus.connection.channels()) {
    if (!machine.online.has(targetCpu))
      broken.push(`channel ${relid} targets CPU ${targetCpu}, which is offline`);
  }
  for (const channel of guest.host.hyperv.allChannels()) {
    if (channel.lost > 0) broken.push(`${channel.lost} events of channel ${channel.relid} were lost`);
  }
  return broken;
}

/** Events that a channel's host signalled, against what became of them. */
export function accountOf(
  guest: Guest,
  relid: number,
): { signalled: number; counted: number; coalesced: number } {
  const channel = guest.host.channel(relid);
  const irq = guest.vmbus.connection.relids.relid2channel(relid)?.irq ?? 0;
  return {
    signalled: channel?.signalled ?? 0,
    counted: guest.irqCount(irq) ?? 0,
    coalesced: channel?.coalesced ?? 0,
  };
}
