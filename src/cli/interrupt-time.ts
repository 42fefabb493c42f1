import type { GuestOptions } from '../scenario/options/guest.js';
import { callbackMode, type VmbusChannel } from '../vmbus/channel/channel.js';
import { Guest } from '../guest/guest.js';

const EVENTS_A_ROUND = 200_000;
const ROUNDS = 20;

/**
 * What an event costs on this machine, in ns: from the top-level handler to a callback in the interrupt that does
 * nothing, the best of a few rounds. The guest's channels take their turns, each on its CPU.
 */
export function interruptTimeNs(options: GuestOptions): number {
  const guest = Guest.create(options);
  const channels = [...guest.vmbus.connection.channels()].filter(({ state }) => state.kind === 'opened');
  if (channels.length === 0) return 0;
  for (const channel of channels) {
    channel.callbackMode = callbackMode.isr;
    channel.storeCallback(doNothing, 'interruptTimeNs');
  }
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const from = process.hrtime.bigint();
    raise(guest, channels);
    best = Math.min(best, Number(process.hrtime.bigint() - from) / EVENTS_A_ROUND);
  }
  return best;
}

function doNothing(): void {}

function raise({ vmbus: { contexts, line } }: Guest, channels: readonly VmbusChannel[]): void {
  for (let i = 0; i < EVENTS_A_ROUND; i++) {
    const { relid, targetCpu } = channels[i % channels.length];
    contexts[targetCpu].eventFlags[relid >>> 5] |= 1 << (relid & 31);
    line.raise(targetCpu);
  }
}
