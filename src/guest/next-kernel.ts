import type { CpuId } from '../lib/brand.js';
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

/** The kernel that kexec starts: on all CPUs, and with the command line of before unless another is given. */
export function kexecKernel(options: GuestOptions, cmdline = options.cmdline): NextKernel {
  const { possible } = resolveCpus(options.cpus);
  return { options: freshly(options, cmdline), vps: Array.from({ length: possible }, (_, cpu) => cpu) };
}

/**
 * The crash kernel that is started on CPU `crashed`, which is its CPU 0; its others, if `nr_cpus=` lets it have more,
 * follow in their order.
 */
export function crashKernel(options: GuestOptions, crashed: CpuId, cmdline?: string): NextKernel {
  const parameters = cmdline ?? [options.cmdline, CRASH_PARAMETERS].filter(Boolean).join(' ');
  const cpus = resolveCpus(options.cpus);
  const present = Array.from({ length: cpus.present }, (_, cpu) => cpu);
  const vps = [crashed, ...present.filter((cpu) => cpu !== crashed)].slice(0, nrCpusOf(parameters));
  return {
    options: { ...freshly(options, parameters), cpus: { present: vps.length, vendor: cpus.vendor } },
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
