import type { Machine } from '../../machine/machine.js';
import type { HypervBehaviour } from '../../vmbus/kernel.js';

/** How many channels an adapter asks for unless it is told (drivers/net/hyperv/netvsc_drv.c netvsc_devinfo_get). */
export function defaultChannels(machine: Machine, { netvscChannels }: HypervBehaviour): number {
  const { least, orDefaultRssQueues } = netvscChannels;
  return orDefaultRssQueues ? Math.max(least, defaultRssQueues(machine)) : least;
}

/**
 * How many queues the network stack would have an adapter use: a queue for every two cores that have a CPU online, but
 * for one or two cores as many (net/core/dev.c netif_get_num_default_rss_queues).
 */
function defaultRssQueues({ online, topology }: Machine): number {
  const { package: packages, core } = topology;
  const cores = new Set([...online].map((cpu) => `${packages[cpu]} ${core[cpu]}`)).size;
  return cores > 2 ? Math.ceil(cores / 2) : cores;
}
