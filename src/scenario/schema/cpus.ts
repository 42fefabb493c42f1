import { z } from 'zod';
import type { CpuId } from '../../lib/brand.js';
import { parseCpuList } from '../../machine/cpumask-text.js';
import { topologyOf } from '../../machine/topology.js';
import { type CpuOptions, cpuVendors, type ResolvedCpus, resolveCpus } from '../options/cpus.js';
import type { Path, Report } from '../place.js';
import { cpu, cpuList } from './notations.js';
import { inOptions } from './option-form.js';
import { int, list, mapping, word } from './shapes.js';

const maxCpus = 8192;
const cpuNumber = int(1, maxCpus);
const nodesText = 'a number of nodes, or a list of their CPUs such as ["0-3", "4-7"]';
const cpusText = 'a number of CPUs or a mapping such as {present: 8, possible: 16}';

const cpuSet = inOptions(cpuList.clone(), list('a list of CPU numbers such as [0, 1]', cpu));

export const cpus = z.union(
  [
    cpuNumber,
    mapping(cpusText, {
      present: cpuNumber.describe('CPUs plugged in'),
      possible: cpuNumber.optional().describe('CPUs that there is room for; default: those present'),
      online: cpuSet.optional().describe('CPUs online from the start; default: all present ones'),
      wentOffline: cpuSet.optional().describe('CPUs that go offline as soon as the guest has booted'),
      isolated: cpuSet
        .optional()
        .describe('CPUs that managed interrupts keep away from (isolcpus=managed_irq)'),
      nohzFull: cpuSet.optional().describe('CPUs without a timer tick (nohz_full)'),
      vendor: word(cpuVendors).optional().describe('Maker of x86 CPUs; default Intel'),
      nodes: z
        .union([int(1, 1024), list(nodesText, cpuSet)], { error: nodesText })
        .optional()
        .describe('NUMA nodes: their number, or the CPUs of each; default 1'),
      packages: int(1, 1024).optional().describe('Sockets; default: as many as nodes'),
      threadsPerCore: int(1, 8).optional().describe('Hardware threads of each core; default 1'),
    }),
  ],
  { error: cpusText },
);

type CpuKeys = z.output<typeof cpus>;

/** CPUs of the guest as a file has them, as far as they make sense. */
export function checkCpus(
  keys: CpuKeys | undefined,
  report: Report,
  vmbus: boolean | undefined = true,
): ResolvedCpus | undefined {
  if (keys === undefined) return undefined;
  if (typeof keys === 'number') return checkCpuOptions(keys, report, vmbus);
  const { nodes, ...numbers } = keys;
  const { present, possible = present } = numbers;
  const read = (text: string | undefined, end: number, path: Path): readonly CpuId[] | undefined => {
    if (text === undefined || possible < present) return undefined;
    try {
      return [...parseCpuList(text, end)];
    } catch {
      report(path, `expected a list of CPUs of 0-${end - 1} such as "0-3,5", not "${text}"`);
      return undefined;
    }
  };
  return checkCpuOptions(
    {
      ...numbers,
      online: read(keys.online, present, ['cpus', 'online']),
      wentOffline: read(keys.wentOffline, present, ['cpus', 'wentOffline']),
      isolated: read(keys.isolated, possible, ['cpus', 'isolated']),
      nohzFull: read(keys.nohzFull, possible, ['cpus', 'nohzFull']),
      nodes:
        typeof nodes === 'object'
          ? nodes.map((text, i) => read(text, possible, ['cpus', 'nodes', i]) ?? [])
          : nodes,
    },
    report,
    vmbus,
  );
}

const listKeys = ['online', 'wentOffline', 'isolated', 'nohzFull'] as const;
/** Lists of CPUs that are plugged in. */
const presentKeys: ReadonlySet<string> = new Set(['online', 'wentOffline']);

/** CPUs of the guest, as far as they make sense. */
export function checkCpuOptions(
  options: number | CpuOptions,
  report: Report,
  vmbus: boolean | undefined = true,
): ResolvedCpus | undefined {
  if (typeof options === 'number') return resolveCpus(options);
  const { present, possible = present, nodes, packages, threadsPerCore } = options;
  if (possible < present) {
    report(['cpus', 'possible'], `expected at least the ${present} CPUs that are present, not ${possible}`);
    return undefined;
  }
  for (const key of listKeys) {
    const end = presentKeys.has(key) ? present : possible;
    const wrong = options[key]?.find((number) => number >= end);
    if (wrong !== undefined) report(['cpus', key], `expected CPUs of 0-${end - 1}, not ${wrong}`);
  }
  if (vmbus && options.online?.includes(0) === false)
    report(['cpus', 'online'], 'CPU 0 is always online: expected it in the list');
  if (options.wentOffline?.includes(0))
    report(['cpus', 'wentOffline'], 'CPU 0 does not go offline: expected other CPUs');
  try {
    topologyOf(possible, { nodes, packages, threadsPerCore });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report(['cpus'], error.message);
  }
  return resolveCpus(options);
}
