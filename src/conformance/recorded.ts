import { type KernelVersion, kernelVersions } from '../irq/kernel.js';
import { type KernelParameters, parseCmdline } from '../machine/cmdline.js';
import { parseCpuList } from '../machine/cpumask-text.js';
import { Machine } from '../machine/machine.js';

/** Sets of CPUs of a recording, as lists. */
export interface RecordedCpus {
  readonly possible: string;
  readonly present: string;
  readonly online: string;
  readonly nr_cpu_ids: number;
}

/** The most CPUs that a kernel can be built for (NR_CPUS). */
const MOST_CPUS = 8192;

/**
 * How many CPUs a recorded machine can have.
 *
 * @throws RangeError if no machine has so many.
 */
export function recordedNrCpuIds({ nr_cpu_ids: count }: Pick<RecordedCpus, 'nr_cpu_ids'>): number {
  if (Number.isInteger(count) && count >= 1 && count <= MOST_CPUS) return count;
  throw new RangeError(`nr_cpu_ids is ${JSON.stringify(count)}; Linux has 1 to ${MOST_CPUS}`);
}

/** The kernel that a recording is of; undefined if the model does not know it. */
export function recordedKernel(release: string): KernelVersion | undefined {
  const version = /^\d+\.\d+/.exec(release)?.[0];
  return kernelVersions.find((known) => known === version);
}

/** What the recorded kernel was started with. */
export function recordedParameters(
  append: string,
  cpus: Pick<RecordedCpus, 'nr_cpu_ids'> & Partial<RecordedCpus>,
): KernelParameters {
  const possible = recordedNrCpuIds(cpus);
  const { present } = cpus;
  return parseCmdline(
    append,
    possible,
    present === undefined ? possible : parseCpuList(present, possible).weight,
  );
}

/** A machine with the recorded CPUs. */
export function recordedMachine(cpus: RecordedCpus): Machine {
  const possible = recordedNrCpuIds(cpus);
  const machine = new Machine({ possible, present: parseCpuList(cpus.present, possible).weight });
  machine.online.copyFrom(parseCpuList(cpus.online, possible));
  for (const cpu of machine.cpus) cpu.online = machine.online.has(cpu.id);
  machine.thisCpu = machine.online.first();
  return machine;
}
