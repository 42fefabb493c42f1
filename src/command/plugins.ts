import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PluginModule } from '../guest/container/contributions.js';
import type { ScenarioLanguage } from '../scenario/language.js';
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

/**
 * Loads the plug-ins that the user named. What they import of irqlab is this irqlab if sharePackages was called before.
 *
 * @throws UsageError for a file that is no plug-in; PluginError if what they bind does not go together.
 */
export async function loadPlugins(files: readonly string[]): Promise<Plugins> {
  if (files.length === 0) return noPlugins;
  const modules: PluginModule[] = [];
  for (const file of files) modules.push(...(await modulesOf(file)));
  const { languageWith } = await import('../guest/language.js');
  return { files, modules, language: languageWith(modules) };
}

async function modulesOf(file: string): Promise<readonly PluginModule[]> {
  const path = resolve(file);
  checkFile(file, path);
  const exported = await importFile(file, path);
  const found = exported.default ?? exported.modules ?? exported.plugin;
  const modules: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (modules.length > 0 && modules.every(isModule)) return modules;
  throw new UsageError(
    `plug-in ${file} exports no module`,
    'Expected an inversify ContainerModule, or a list of them, as default export.',
  );
}

function checkFile(file: string, path: string): void {
  let isFile = false;
  try {
    isFile = statSync(path).isFile();
  } catch {
    throw new UsageError(`cannot load plug-in ${file}: there is no such file`);
  }
  if (!isFile) throw new UsageError(`cannot load plug-in ${file}: it is no file`);
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
async function importFile(file: string, path: string): Promise<Exported> {
  const { href } = pathToFileURL(path);
  try {
    return (await import(href)) as Exported;
  } catch (error) {
    if (!(error instanceof Error))
      throw new UsageError(`cannot load plug-in ${file}: it throws ${String(error)}`);
    const place = error.stack?.split('\n').find((line) => line.includes(href) || line.includes(path));
    throw new UsageError(
      `cannot load plug-in ${file}: ${error.name}: ${error.message}`,
      place && `  ${place.trim()}`,
    );
  }
}

/** By what it can do: the plug-in's own copy of inversify would do as well. */
function isModule(value: unknown): value is PluginModule {
  return typeof value === 'object' && value !== null && 'load' in value && typeof value.load === 'function';
}
