import type { KernelVersion } from '../../irq/kernel.js';
import { ErrnoError } from '../../lib/errno.js';
import { parseCpuList } from '../../machine/cpumask-text.js';
import { createGuestTree } from '../../view/guest-tree.js';
import { RecordedLayer } from '../../view/recorded-layer.js';
import type { FileTree } from '../../view/tree.js';
import type { Comparison } from '../judge.js';
import { recordedMachine } from '../recorded.js';
import type { CaseHead } from './case-head.js';
import { type Entry, entryOf } from './entry.js';

/** /sys/devices/system/cpu. */
export interface CpuCase extends CaseHead {
  readonly kind: 'cpu';
  readonly files: Readonly<Record<string, Entry>>;
  readonly cpu_dirs: readonly string[];
  readonly cpu_online_files: Readonly<Record<string, string | { readonly err: string }>>;
}

export function* compareCpu(recorded: CpuCase, kernel: KernelVersion): Generator<Comparison> {
  const machine = recordedMachine(recorded.cpus);
  const { nrCpuIds } = machine;
  const layer = new RecordedLayer(machine, kernel, recorded.nr_irqs);
  const { isolated, nohz_full: nohz } = recorded.files;
  const nohzText = nohz?.text?.trim() ?? '';
  const tree = createGuestTree({
    irq: layer.core,
    cpu: {
      isolated: parseCpuList(isolated?.text ?? '', nrCpuIds),
      // Whether there is such a parameter is all that is taken from it: of these recordings no command line is known.
      ...(/^\d/.test(nohzText) && { nohzFull: parseCpuList(nohzText, nrCpuIds) }),
      // cpu0_hotplug on the kernel's command line gives CPU 0 an online file, too.
      hotpluggable: (cpu) => cpu !== 0 || typeof recorded.cpu_online_files[0] === 'string',
    },
  });
  const directory = '/sys/devices/system/cpu';
  for (const [name, entry] of Object.entries(recorded.files)) {
    yield { what: name, expected: entry, actual: entryOf(tree, `${directory}/${name}`) };
  }
  const cpuDirs = tree.readdir(directory).filter((name) => /^cpu\d+$/.test(name));
  yield { what: 'directories of CPUs', expected: [...recorded.cpu_dirs].sort(), actual: cpuDirs };
  for (const [cpu, expected] of Object.entries(recorded.cpu_online_files)) {
    yield { what: `cpu${cpu}/online`, expected, actual: readOrError(tree, `${directory}/cpu${cpu}/online`) };
  }
}

function readOrError(tree: FileTree, path: string): string | { err: string } {
  try {
    return tree.readFile(path);
  } catch (error) {
    if (error instanceof ErrnoError) return { err: error.code };
    throw error;
  }
}
