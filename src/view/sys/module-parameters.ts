import type { ModuleParameter, ModuleParameters } from '../../vmbus/module-parameters.js';
import { type FileNode, StaticDirectory, sysfsFile } from '../tree-node.js';

/** The directories `parameters` of /sys/module/NAME, of VMBus and its drivers, by module (kernel/params.c module_attr_show). */
export function moduleParameterDirectories(parameters: ModuleParameters): Map<string, StaticDirectory> {
  const directories = new Map<string, StaticDirectory>();
  for (const parameter of parameters.known) {
    const directory = directories.get(parameter.module) ?? new StaticDirectory(0o755);
    directory.add(parameter.name, parameterFile(parameters, parameter));
    directories.set(parameter.module, directory);
  }
  return directories;
}

function parameterFile(parameters: ModuleParameters, parameter: ModuleParameter): FileNode {
  return sysfsFile(parameter.mode, {
    show: () => `${parameters.text(parameter)}\n`,
    ...(parameter.mode === 0o644 && { store: (text: string) => parameters.store(parameter, text) }),
  });
}
