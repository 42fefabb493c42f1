import type { JsonHead } from '../../command/json.js';
import type { CpuId } from '../../lib/brand.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import { CpuMask } from '../../machine/cpumask.js';
import { hasRates, type MachinePicture, type PictureLine, rateOfLine } from './machine-picture.js';
import { moveCommand, planOffline } from './offline-plan.js';

/** Something that is so on a machine, and the files that say so. */
export interface Statement {
  readonly text: string;
  readonly from: string;
}

/** Answers to one question. */
export interface Answer {
  readonly question: string;
  readonly statements: readonly Statement[];
}

/** What `irqlab explain --json` prints. */
export interface ExplainJson extends JsonHead<'explain'> {
  readonly answers: readonly Answer[];
}

/** Shares that are so many times what they would be if all were alike are worth a word. */
const UNEVEN = 1.5;
const MANAGED =
  '; the kernel alone moves it: isolcpus=managed_irq,… keeps it away if its affinity has other CPUs';
const CHANNELS = '/sys/bus/vmbus/devices/*/channels/*/cpu';
const RATES = 'snapshots of /proc/interrupts and of channels';

/** What people ask about where a machine's interrupts go. */
export function explainPicture(picture: MachinePicture): Answer[] {
  return [
    { question: 'Which CPUs carry which devices?', statements: carried(picture) },
    { question: 'What keeps CPUs from going offline, and what frees them?', statements: kept(picture) },
    { question: 'Are channels on isolated CPUs?', statements: onIsolated(picture) },
    { question: 'Is the load even?', statements: [...unevenCpus(picture), ...unevenNodes(picture)] },
  ];
}

function carried({ online, lines }: MachinePicture): Statement[] {
  return online.flatMap((cpu): Statement[] => {
    const here = lines.filter((line) => line.cpu === cpu);
    if (here.length === 0) return [];
    const devices = new Map<string, PictureLine[]>();
    for (const line of here) devices.set(line.device, [...(devices.get(line.device) ?? []), line]);
    const parts = [...devices].map(([device, its]) => `${device} (${its.map(shortName).join(', ')})`);
    const rate = loadOn(lines, cpu);
    const load = rate === undefined ? '' : `; ${round(rate)} interrupts a second`;
    const hasChannel = here.some(({ relid }) => relid !== undefined);
    const hasOther = here.some(({ relid }) => relid === undefined);
    const from = [
      ...(hasChannel ? [CHANNELS] : []),
      ...(hasOther ? ['/proc/irq/*/effective_affinity_list'] : []),
    ];
    return [{ text: `CPU ${cpu}: ${parts.join(', ')}${load}`, from: from.join(', ') }];
  });
}

function shortName({ relid, irq }: PictureLine): string {
  if (relid === undefined) return `IRQ ${irq}`;
  return irq === undefined ? `channel ${relid}` : `channel ${relid}, IRQ ${irq}`;
}

function kept(picture: MachinePicture): Statement[] {
  const { online, lines } = picture;
  const statements = online.flatMap((cpu): Statement[] => {
    if (cpu === 0) return [];
    const here = lines.filter((line) => line.relid !== undefined && line.cpu === cpu);
    if (here.length === 0) return [];
    const what = `CPU ${cpu}: ${here.map(({ name }) => name).join(', ')}`;
    return [{ text: `${what}; ${freeing(picture, cpu)}`, from: CHANNELS }];
  });
  const free = online.filter(
    (cpu) => cpu !== 0 && !lines.some((line) => line.relid !== undefined && line.cpu === cpu),
  );
  if (free.length > 0) statements.push({ text: `nothing of VMBus keeps CPUs ${list(free)}`, from: CHANNELS });
  if (online.includes(0) && lines.some(({ relid }) => relid !== undefined))
    statements.push({
      text: 'CPU 0 never goes: VMBus has its messages there',
      from: 'the kernel, hv_synic_cleanup',
    });
  return statements;
}

function freeing(picture: MachinePicture, cpu: CpuId): string {
  try {
    return `to free it:${planOffline(picture, [cpu])
      .moves.map((move) => `\n    ${moveCommand(move)}`)
      .join('')}`;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function onIsolated({ isolated, lines }: MachinePicture): Statement[] {
  if (isolated.length === 0) return [{ text: 'no CPUs are isolated', from: '/proc/cmdline' }];
  const there = lines.filter((line) => line.cpu !== undefined && isolated.includes(line.cpu));
  const on = there.map(
    (line): Statement => ({
      text: `${line.name} is on CPU ${line.cpu}, which is isolated${rateText(line)}${line.isManaged ? MANAGED : ''}`,
      from: `/proc/cmdline, ${line.from}`,
    }),
  );
  return on.length > 0
    ? on
    : [{ text: `nothing is on the isolated CPUs ${list(isolated)}`, from: '/proc/cmdline' }];
}

function unevenCpus({ online, lines }: MachinePicture): Statement[] {
  const loads = online.map((cpu) => ({ cpu, load: loadOn(lines, cpu) ?? 0 }));
  const all = loads.reduce((sum, { load }) => sum + load, 0);
  if (!hasRates({ lines }))
    return [{ text: 'there are no rates: the recording has no two snapshots', from: RATES }];
  if (all === 0) return [{ text: 'nothing came while it was recorded', from: RATES }];
  const mean = all / online.length;
  const high = loads.filter(({ load }) => load > UNEVEN * mean).toSorted((a, b) => b.load - a.load);
  if (high.length === 0)
    return [{ text: `CPUs have about ${round(mean)} interrupts a second each`, from: RATES }];
  return high.map(({ cpu, load }) => ({
    text: `CPU ${cpu} has ${round(load)} interrupts a second, ${round((100 * load) / all)} % of all${busiest(lines, cpu)}`,
    from: RATES,
  }));
}

function busiest(lines: readonly PictureLine[], cpu: CpuId): string {
  const [most] = lines.toSorted((a, b) => (b.perSecond?.get(cpu) ?? 0) - (a.perSecond?.get(cpu) ?? 0));
  const rate = most?.perSecond?.get(cpu) ?? 0;
  return rate === 0 ? '' : `; most are of ${most.name}, ${round(rate)}`;
}

function unevenNodes({ online, lines, nodeOf }: MachinePicture): Statement[] {
  const nodes = [...new Set(online.map((cpu) => nodeOf[cpu]))].sort((a, b) => a - b);
  const loads = nodes.map((node) => {
    const cpus = online.filter((cpu) => nodeOf[cpu] === node);
    return { node, cpus, load: cpus.reduce((sum, cpu) => sum + (loadOn(lines, cpu) ?? 0), 0) };
  });
  const all = loads.reduce((sum, { load }) => sum + load, 0);
  if (nodes.length < 2 || all === 0) return [];
  return loads.map(({ node, cpus, load }) => ({
    text: `node ${node} has ${round((100 * load) / all)} % of the interrupts and ${round((100 * cpus.length) / online.length)} % of the CPUs`,
    from: `/sys/devices/system/node/node*/cpulist, ${RATES}`,
  }));
}

/** Interrupts a second of a CPU; undefined without rates. */
function loadOn(lines: readonly PictureLine[], cpu: CpuId): number | undefined {
  const rates = lines.flatMap(({ perSecond }) => (perSecond === undefined ? [] : [perSecond.get(cpu) ?? 0]));
  return rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0);
}

function rateText(line: PictureLine): string {
  const rate = rateOfLine(line);
  return rate === undefined ? '' : `: ${round(rate)} interrupts a second`;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function list(cpus: readonly CpuId[]): string {
  return formatCpuList(CpuMask.of(1 + Math.max(...cpus), cpus));
}
