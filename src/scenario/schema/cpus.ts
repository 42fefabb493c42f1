import { z } from 'zod';
import { parseCpuList } from '../../machine/cpumask-text.js';
import { topologyOf } from '../../machine/topology.js';
import { type CpuOptions, cpuVendors, type ResolvedCpus, resolveCpus } from '../options/cpus.js';
import type { Report } from '../place.js';
import { cpuList } from './notations.js';
import { int, list, mapping, word } from './shapes.js';

const maxCpus = 8192;
const cpuNumber = int(1, maxCpus);
const nodesText = 'a number of nodes, or a list of their CPUs such as ["0-3", "4-7"]';
const cpusText = 'a number of CPUs or a mapping such as {present: 8, online: "0-3"}';

export const cpus = z.union(
  [
    cpuNumber,
    mapping(cpusText, {
      present: cpuNumber.describe('CPUs plugged in'),
      possible: cpuNumber.optional().describe('CPUs that there is room for; default: those present'),
      online: cpuList.optional().describe('CPUs online from the start; default: all present ones'),
      isolated: cpuList
        .optional()
        .describe('CPUs that managed interrupts keep away from (isolcpus=managed_irq)'),
      nohzFull: cpuList.optional().describe('CPUs without a timer tick (nohz_full)'),
      vendor: word(cpuVendors).optional().describe('Maker of x86 CPUs; default Intel'),
      nodes: z
        .union([int(1, 1024), list(nodesText, cpuList)], { error: nodesText })
        .optional()
        .describe('NUMA nodes: their number, or the CPUs of each; default 1'),
      packages: int(1, 1024).optional().describe('Sockets; default: as many as nodes'),
      threadsPerCore: int(1, 8).optional().describe('Hardware threads of each core; default 1'),
    }),
  ],
  { error: cpusText },
);

type CpuKeys = z.output<typeof cpus>;

const listKeys = ['online', 'isolated', 'nohzFull'] as const;

/** CPUs of the guest, as far as they make sense. */
export function checkCpus(
  keys: CpuKeys | undefined,
  report: Report,
  vmbus: boolean | undefined = true,
): ResolvedCpus | undefined {
  if (keys === undefined) return undefined;
  if (typeof keys === 'number') return resolveCpus(keys);
  const { present, possible = present, nodes, packages, threadsPerCore, vendor } = keys;
  if (possible < present) {
    report(['cpus', 'possible'], `expected at least the ${present} CPUs that are present, not ${possible}`);
    return undefined;
  }
  const lists: Pick<{ -readonly [K in keyof CpuOptions]: CpuOptions[K] }, (typeof listKeys)[number]> = {};
  for (const key of listKeys) {
    const text = keys[key];
    if (text === undefined) continue;
    const end = key === 'online' ? present : possible;
    try {
      lists[key] = [...parseCpuList(text, end)];
    } catch {
      report(['cpus', key], `expected a list of CPUs of 0-${end - 1} such as "0-3,5", not "${text}"`);
    }
  }
  if (vmbus && lists.online?.includes(0) === false) {
    report(['cpus', 'online'], 'CPU 0 is always online: expected it in the list');
  }
  let nodeCpus: CpuOptions['nodes'];
  try {
    const cpusOf = (text: string) => [...parseCpuList(text, possible)];
    nodeCpus = typeof nodes === 'object' ? nodes.map(cpusOf) : nodes;
    topologyOf(possible, { nodes: nodeCpus, packages, threadsPerCore });
  } catch (error) {
    report(['cpus'], error instanceof Error ? error.message : String(error));
  }
  return resolveCpus({ present, possible, nodes: nodeCpus, packages, threadsPerCore, vendor, ...lists });
}
