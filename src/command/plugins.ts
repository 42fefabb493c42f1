import type { PluginModule } from '../guest/container/contributions.js';
import { PluginError } from '../lib/plugin-error.js';
import type { ScenarioLanguage } from '../scenario/language.js';
import { blameForExit, exitIsIntended } from './untimely-exit.js';
import { UsageError } from './usage-error.js';
import { importUserModule, pathOfUserModule } from './user-module.js';

/** What `--plugin` has added to irqlab. */
export interface Plugins {
  /** As the user named them. Plain data, so that another thread can load them. */
  readonly files: readonly string[];
  readonly modules: readonly PluginModule[];
  /** What scenario files can speak of with them; undefined: what they can without. */
  readonly language: ScenarioLanguage | undefined;
}

/** Options of every command that takes plug-ins. */
export interface PluginOptions {
  /** Default: none. */
  readonly plugins?: Plugins;
}

export const noPlugins: Plugins = { files: [], modules: [], language: undefined };

/** Checks the modules of a plug-in, together with those of the ones before it. @throws PluginError */
export type CheckPlugin = (own: readonly PluginModule[], all: readonly PluginModule[]) => Promise<void>;

/**
 * Loads the plug-ins that the user named. What they import of irqlab is this irqlab if sharePackages was called before.
 *
 * @param check is asked about each in turn, so that the file is known which binds what does not go together.
 * @throws UsageError for a file that is no plug-in; PluginError if what they bind does not go together.
 */
export async function loadPlugins(files: readonly string[], check?: CheckPlugin): Promise<Plugins> {
  if (files.length === 0) return noPlugins;
  let modules: readonly PluginModule[] = [];
  const paths = new Set<string>();
  try {
    for (const file of files) {
      checkFile(file, paths);
      blameForExit(`plug-in ${file}`);
      const own = await modulesOf(file);
      modules = [...modules, ...own];
      if (check !== undefined) await checkedBy(check, file, own, modules);
    }
  } finally {
    exitIsIntended();
  }
  const { languageWith } = await import('../guest/language.js');
  return { files, modules, language: languageWith(modules) };
}

/** @throws PluginError that names the file. */
async function checkedBy(
  check: CheckPlugin,
  file: string,
  own: readonly PluginModule[],
  all: readonly PluginModule[],
): Promise<void> {
  try {
    await check(own, all);
  } catch (error) {
    throw error instanceof PluginError ? new PluginError(error.message, file) : error;
  }
}

async function modulesOf(file: string): Promise<readonly PluginModule[]> {
  const exported = await importUserModule('plug-in', file);
  const found = exported.default ?? exported.modules ?? exported.plugin;
  const modules: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (modules.length > 0 && modules.every(isModule)) return modules;
  throw new UsageError(
    `plug-in ${file} exports no module`,
    'Expected an inversify ContainerModule, or a list of them, as default export.',
  );
}

/** @param paths of the files before it; gets that of this one. */
function checkFile(file: string, paths: Set<string>): void {
  const path = pathOfUserModule('plug-in', file);
  if (paths.has(path)) throw new UsageError(`plug-in ${file} is given twice`, 'Leave one of them out.');
  paths.add(path);
}

/** By what it can do: the plug-in's own copy of inversify would do as well. */
function isModule(value: unknown): value is PluginModule {
  return typeof value === 'object' && value !== null && 'load' in value && typeof value.load === 'function';
}
