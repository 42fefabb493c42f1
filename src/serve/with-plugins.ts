import { readFileSync } from 'node:fs';
import { filesIn, type PageFile, type PageFiles, script, withMeta } from './page-files.js';
import { servedModules, type SharedModules } from './plugin-modules.js';

/** The worker that a page with plug-ins starts: it loads them, and then answers. */
export const pluggedWorker = '/plug-ins/start.js';

/** Where the library is that it and the plug-ins share. */
const FOLDER = '/with-plugins/';

/**
 * The page with plug-ins: their modules, the worker that loads them, and all that they may import of irqlab and of the
 * packages that it shares with them.
 *
 * @param plugins files as the user named them; Node has loaded them.
 * @param library where `npm run build` has put the library.
 * @throws UsageError if they need what no page has, or if the library has not been built.
 */
export async function withPlugins(
  files: PageFiles,
  plugins: readonly string[],
  library: URL,
): Promise<PageFiles> {
  const own = filesIn(library, FOLDER);
  const shared = JSON.parse(readFileSync(new URL('shared.json', library), 'utf8')) as SharedModules;
  const served = await servedModules(plugins, atAddresses(shared));
  const scripts = new Map([...served.texts, [pluggedWorker, workerText(plugins, served.plugins)]]);
  const added: [string, PageFile][] = [...scripts].map(([path, text]) => [path, script(text)]);
  return withMeta(new Map([...files, ...own, ...added]), 'irqlab-plugins', pluggedWorker);
}

function atAddresses(shared: SharedModules): SharedModules {
  const entries = Object.entries(shared);
  return Object.fromEntries(
    entries.map(([name, { address, exports }]) => [name, { address: FOLDER + address, exports }]),
  );
}

/** @param paths of the plug-ins, in the same order as `files`. */
function workerText(files: readonly string[], paths: readonly string[]): string {
  const plugins = files.map(
    (file, i) => `{ file: ${JSON.stringify(file)}, load: () => import(${JSON.stringify(paths[i])}) }`,
  );
  return `import { start } from '${FOLDER}worker.js';\nstart([${plugins.join(', ')}]);\n`;
}
