import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PluginModule } from '../guest/container/contributions.js';
import { PluginError } from '../lib/plugin-error.js';
import type { ScenarioLanguage } from '../scenario/language.js';
import { placeIn } from './thrown-in-plugin.js';
import { blameForExit, exitIsIntended } from './untimely-exit.js';
import { UsageError } from './usage-error.js';

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
      blameForExit([file]);
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
  const exported = await importFile(file);
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
  let isFile = false;
  let path: string;
  try {
    path = realpathSync(file);
    isFile = statSync(path).isFile();
  } catch {
    throw new UsageError(`cannot load plug-in ${file}: there is no such file`);
  }
  if (!isFile) throw new UsageError(`cannot load plug-in ${file}: it is no file`);
  if (paths.has(path)) throw new UsageError(`plug-in ${file} is given twice`, 'Leave one of them out.');
  paths.add(path);
  if (/\.[mc]?ts$/.test(file) && !stripsTypes()) {
    throw new UsageError(
      `cannot load plug-in ${file}: Node ${process.versions.node} loads no TypeScript`,
      'Compile it to JavaScript, or use Node 22.18 or newer.',
    );
  }
}

/** True if this Node takes the types out of TypeScript by itself. */
function stripsTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript);
}

interface Exported {
  readonly default?: unknown;
  readonly modules?: unknown;
  readonly plugin?: unknown;
}

/** @throws UsageError with the place in the file, if the file has one to tell. */
async function importFile(file: string): Promise<Exported> {
  const { href } = pathToFileURL(resolve(file));
  try {
    return (await import(href)) as Exported;
  } catch (error) {
    if (!(error instanceof Error))
      throw new UsageError(`cannot load plug-in ${file}: it throws ${String(error)}`);
    const place = placeIn(file, error);
    throw new UsageError(
      `cannot load plug-in ${file}: ${error.name}: ${error.message}`,
      place && `  ${place}`,
    );
  }
}

/** By what it can do: the plug-in's own copy of inversify would do as well. */
function isModule(value: unknown): value is PluginModule {
  return typeof value === 'object' && value !== null && 'load' in value && typeof value.load === 'function';
}
