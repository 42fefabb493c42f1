import { Guest } from '../../guest/guest.js';
import type { HyperV } from '../../host/hyperv.js';
import { parseCpuList } from '../../machine/cpumask-text.js';
import type { CpuOptions } from '../../scenario/options/cpus.js';
import type { GuestOptions } from '../../scenario/options/guest.js';
import type { VmbusVersion } from '../../scenario/options/host.js';
import type { KernelVersion } from '../../scenario/options/kernel.js';
import type { BootHead } from './boot.js';
import type { HostLog } from './host-log.js';
import { recordedMachineModule } from '../module.js';

/**
 * The recorded machine with drivers/hv of its kernel, without drivers, on a host that answers at once and whose devices do
 * nothing by themselves.
 *
 * @param prepare is given the host before the guest connects to it.
 */
export function recordedGuest(
  kernel: KernelVersion,
  head: BootHead,
  log: HostLog,
  prepare: (host: HyperV) => void,
): Guest {
  const version = (head.host ?? head.version ?? '5.3') as VmbusVersion;
  const options: GuestOptions = {
    kernel,
    design: 'mainline',
    generation: 1,
    cpus: recordedCpus(head),
    cmdline: commandLine(head),
    host: {
      version,
      latency: { messageNs: 0, openNs: 0, gpadlNs: 0, modifyChannelNs: 0 },
      modifyClosed: 'ignored',
    },
  };
  return Guest.create(options, { modules: [recordedMachineModule(log, prepare)] });
}

function recordedCpus({ smp, numa = [] }: BootHead): CpuOptions {
  const nodes = numa.map((option) => {
    const lists = [...option.matchAll(/cpus=([\d-]+)/g)].map(([, list]) => list);
    return [...parseCpuList(lists.join(','), smp)];
  });
  return { present: smp, ...(nodes.length > 0 && { nodes }) };
}

function commandLine({ append = '', guest }: BootHead): string {
  if (guest === undefined) return append;
  const [major, minor] = guest.split('.').map(Number);
  return `${append} hv_vmbus.max_version=${(major << 16) | minor}`.trim();
}
