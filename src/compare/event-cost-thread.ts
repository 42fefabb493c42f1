import { parentPort, workerData } from 'node:worker_threads';
import { loadPlugins, type Plugins } from '../command/plugins.js';
import { sharePackages } from '../command/share-packages.js';
import { Guest } from '../guest/guest.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { CostOfWhat } from './event-cost.js';
import { callbackMode, type VmbusChannel } from '../vmbus/channel/channel.js';

// A thread that is given a guest's options and plug-ins and answers with what an event costs that guest.

const EVENTS_A_ROUND = 200_000;
const ROUNDS = 20;

/**
 * What an event costs on this machine, in ns, from the top-level handler to an empty callback in hard interrupt
 * context: the best of a few rounds. The guest's channels are signalled in turn, each on its own CPU.
 */
function eventCostNs(options: GuestOptions, { modules }: Plugins): number {
  const guest = Guest.create(options, { modules });
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

const { options, plugins } = workerData as CostOfWhat;
if (plugins.length > 0) sharePackages();
parentPort?.postMessage(eventCostNs(options, await loadPlugins(plugins)));
