import type { CpuId } from '../lib/brand.js';
import type { CpuMask } from '../machine/cpumask.js';
import type { Machine } from '../machine/machine.js';
import { nodesOf } from '../machine/topology.js';
import { resolveCpus } from '../scenario/options/cpus.js';
import type { GuestOptions } from '../scenario/options/guest.js';

/** What a crash kernel is started with in common distributions, as far as it concerns CPUs and interrupts. */
const CRASH_PARAMETERS = 'nr_cpus=1 reset_devices';

/** A kernel that is started in place of another one. */
export interface NextKernel {
  readonly options: GuestOptions;
  /** Virtual processor of each of its CPUs. */
  readonly vps: readonly CpuId[];
}

/** The kernel that kexec starts: on all CPUs that are plugged in, and with the command line of before unless another is given. */
export function kexecKernel(
  options: GuestOptions,
  machine: Pick<Machine, 'possible' | 'present' | 'topology'>,
  cmdline = options.cmdline,
): NextKernel {
  const { possible, present, topology } = machine;
  // Those that are there are numbered first.
  const vps = [...present, ...possible.andNot(present)];
  const fresh = freshly(options, cmdline);
  const { present: atBoot, online: _online, wentOffline: _went, ...cpus } = resolveCpus(options.cpus);
  if (present.weight === atBoot && vps.every((cpu, at) => cpu === at)) return { options: fresh, vps };
  const nodes = nodesOf(topology).map((node) =>
    [...vps.keys()].filter((at) => topology.node[vps[at]] === node),
  );
  return { options: { ...fresh, cpus: { ...cpus, present: present.weight, nodes } }, vps };
}

/**
 * The crash kernel that is started on CPU `crashed`, which is its CPU 0; its others, if `nr_cpus=` lets it have more,
 * follow in their order.
 */
export function crashKernel(
  options: GuestOptions,
  present: CpuMask,
  crashed: CpuId,
  cmdline?: string,
): NextKernel {
  const parameters = cmdline ?? [options.cmdline, CRASH_PARAMETERS].filter(Boolean).join(' ');
  const { vendor } = resolveCpus(options.cpus);
  const vps = [crashed, ...[...present].filter((cpu) => cpu !== crashed)].slice(0, nrCpusOf(parameters));
  return {
    options: { ...freshly(options, parameters), cpus: { present: vps.length, vendor } },
    vps,
  };
}

/** The most CPUs that a kernel takes into its service: each `nr_cpus=` above 0 can only lower it (kernel/smp.c nrcpus). */
function nrCpusOf(cmdline: string): number {
  const given = [...cmdline.matchAll(/(?:^|\s)nr_cpus=(\d+)(?=\s|$)/g)].map(([, count]) => Number(count));
  return Math.min(...given.filter((count) => count > 0));
}

/** A kernel that has just been started has counted nothing, and moved nothing. */
function freshly(options: GuestOptions, cmdline: string | undefined): GuestOptions {
  const { interrupts = [], architectureRows: _rows, channels: _channels, cmdline: _old, ...rest } = options;
  return {
    ...rest,
    ...(cmdline !== undefined && { cmdline }),
    interrupts: interrupts.map(({ counts: _counts, affinity: _affinity, ...line }) => line),
  };
}
