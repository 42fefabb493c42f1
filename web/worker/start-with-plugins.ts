// The worker of `irqlab web --plugin`: as start.ts, with what plug-ins add. The server writes the module that calls it
// (src/serve/plugin-files.ts).
import { languageWith, type PluginModule, type ScenarioLanguage, scenarioWords } from 'irqlab/browser';
import { listen } from './listen.js';
import { serve } from './serve.js';
import type { Plugged } from './plugged.js';
import type { Words } from './protocol.js';

/** What a plug-in exports, of which the command line has seen that it is there. */
interface PluginExports {
  readonly default?: PluginModule | readonly PluginModule[];
  readonly modules?: PluginModule | readonly PluginModule[];
  readonly plugin?: PluginModule | readonly PluginModule[];
}

/** A plug-in as the user named it. */
export interface ServedPlugin {
  readonly file: string;
  load(): Promise<PluginExports>;
}

/** Answers the page with these plug-ins. What one of them throws is the answer to everything. */
export function start(plugins: readonly ServedPlugin[]): void {
  listen((tell) => {
    const serving = load(plugins).then((plugged) => serve(tell, plugged));
    // Who asks is told.
    serving.catch(() => {});
    return async (request) => (await serving)(request);
  });
}

async function load(plugins: readonly ServedPlugin[]): Promise<Plugged> {
  const modules: PluginModule[] = [];
  for (const plugin of plugins) modules.push(...(await modulesOf(plugin)));
  const language = languageWith(modules);
  return { modules, language, words: () => wordsOf(language) };
}

function wordsOf(language: ScenarioLanguage): Words {
  return {
    ...scenarioWords,
    actions: language.vocabulary.actions.map(({ name }) => name),
    schema: JSON.parse(language.jsonSchemaText()) as object,
  };
}

/** @throws Error whose stack names the file, for the page shows that. */
async function modulesOf({ file, load: loadIt }: ServedPlugin): Promise<readonly PluginModule[]> {
  try {
    const exported = await loadIt();
    return [exported.default ?? exported.modules ?? exported.plugin ?? []].flat();
  } catch (error) {
    const stack = error instanceof Error ? error.stack : String(error);
    throw Object.assign(new Error(), { stack: `plug-in ${file}: ${stack}` });
  }
}
