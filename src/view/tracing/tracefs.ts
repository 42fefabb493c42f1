import { ErrnoError } from '../../lib/errno.js';
import type { Machine } from '../../machine/machine.js';
import { MOST_ENTRIES } from '../../trace/saved-cmdlines.js';
import type { Tracer } from '../../trace/tracer.js';
import { type DirectoryNode, StaticDirectory, type TreeNode } from '../tree-node.js';
import { numberFile, shown } from './files.js';
import { instanceFiles } from './instance.js';
import { readme } from './readme.js';

/** /sys/kernel/tracing: the control files and texts of tracefs (kernel/trace/trace.c tracer_init_tracefs). */
export function tracefs(tracer: Tracer, machine: Machine): StaticDirectory {
  const { events, system } = tracer;
  const { cmdlines, tgids } = system;
  // Most guests are never traced, and each has this twice.
  return new StaticDirectory(0o700, () => ({
    ...instanceFiles(tracer, machine),
    README: shown(() => readme(system.behaviour)),
    available_events: shown(() => events.map((event) => `${event.system}:${event.name}\n`).join('')),
    instances: new Instances(tracer, machine),
    printk_formats: shown(() => ''),
    saved_cmdlines: shown(() => cmdlines.text),
    saved_cmdlines_size: numberFile(
      () => `${cmdlines.size}\n`,
      (size) => {
        if (size === 0 || size > MOST_ENTRIES)
          throw new ErrnoError('EINVAL', `1 to ${MOST_ENTRIES} names of tasks can be kept, not ${size}`);
        cmdlines.resize(size);
      },
    ),
    saved_tgids: shown(() =>
      [...tgids]
        .sort(([a], [b]) => a - b)
        .map(([pid, tgid]) => `${pid} ${tgid}\n`)
        .join(''),
    ),
  }));
}

/** `instances`: who makes a directory there makes an instance (instance_mkdir, instance_rmdir). */
class Instances implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o750;
  private readonly nodes = new Map<object, TreeNode>();

  constructor(
    private readonly tracer: Tracer,
    private readonly machine: Machine,
  ) {}

  list(): Iterable<string> {
    return this.tracer.instances.keys();
  }

  lookup(name: string): TreeNode | undefined {
    const instance = this.tracer.instances.get(name);
    if (instance === undefined) return undefined;
    let directory = this.nodes.get(instance);
    if (directory === undefined) {
      directory = new StaticDirectory(0o750, instanceFiles(instance, this.machine));
      this.nodes.set(instance, directory);
    }
    return directory;
  }

  mkdir(name: string): void {
    this.tracer.makeInstance(name);
  }

  rmdir(name: string): void {
    this.tracer.removeInstance(name);
  }
}
