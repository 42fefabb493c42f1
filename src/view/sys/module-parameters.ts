import type { ModuleParameter, ModuleParameters } from '../../vmbus/module-parameters.js';
import { type FileNode, StaticDirectory, sysfsFile } from '../tree-node.js';

/** /sys/module/NAME/parameters of VMBus and its drivers, by path (kernel/params.c module_attr_show). */
export function moduleParameterDirectories(parameters: ModuleParameters): Map<string, StaticDirectory> {
  const directories = new Map<string, StaticDirectory>();
  for (const parameter of parameters.known) {
    const path = `/sys/module/${parameter.module}/parameters`;
    const directory = directories.get(path) ?? new StaticDirectory(0o755);
    directory.add(parameter.name, parameterFile(parameters, parameter));
    directories.set(path, directory);
  }
  return directories;
}

function parameterFile(parameters: ModuleParameters, parameter: ModuleParameter): FileNode {
  return sysfsFile(parameter.mode, {
    show: () => `${parameters.text(parameter)}\n`,
    ...(parameter.mode === 0o644 && { store: (text: string) => parameters.store(parameter, text) }),
  });
}
