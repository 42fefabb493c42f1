// What a packed package must hold: `npm run package` asks this of the folder that npm has installed it into.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/**
 * What is most that the package may weigh, in bytes: about a tenth above what it did when this was last set. Who needs
 * more says in the commit what for.
 */
export const budget = {
  packed: 6_400_000,
  unpacked: 25_000_000,
  /** Code that `import 'irqlab'` loads, that of dependencies included. */
  firstImport: 4_250_000,
};

/** Every file below a folder, but for what dependencies bring along. */
export function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, path, name }) => join(parentPath ?? path, name))
    .filter((path) => !relative(folder, path).split(/[/\\]/).includes('node_modules'));
}

/** Links of the package's pages to files that it does not have. */
export function deadLinks(folder) {
  return filesBelow(folder)
    .filter((path) => path.endsWith('.md'))
    .flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)]
        .map(([, target]) => target)
        .filter((target) => !/^[a-z]+:/.test(target) && !isInside(folder, resolve(dirname(page), target)))
        .map((target) => `${relative(folder, page)}: ${target} is not in the package`),
    );
}

/** Source maps of code whose source is not in the package; the map of a bundle may name sources of dependencies. */
export function mapsWithoutSources(folder) {
  return filesBelow(folder)
    .filter((path) => path.endsWith('.map'))
    .flatMap((path) => {
      const { sources, sourcesContent = [] } = JSON.parse(readFileSync(path, 'utf8'));
      return sources
        .filter((source, i) => typeof sourcesContent[i] !== 'string' && !/(^|\/)node_modules\//.test(source))
        .filter((source) => !isInside(folder, resolve(dirname(path), source)))
        .map((source) => `${relative(folder, path)}: its source ${source} is not in the package`);
    });
}

/** Fields of package.json that say where the project is to be found, and are not there. */
export function missingAddresses(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return ['repository', 'homepage', 'bugs'].filter((field) => manifest[field] === undefined);
}

function isInside(folder, path) {
  return !relative(folder, path).startsWith('..') && existsSync(path);
}

/** The sizes of files that a process has loaded, by what NODE_V8_COVERAGE wrote into a directory. */
export function loadedBytes(directory) {
  const urls = readdirSync(directory).flatMap((name) =>
    JSON.parse(readFileSync(join(directory, name), 'utf8')).result.map(({ url }) => url),
  );
  const files = new Set(urls.filter((url) => /^file:.*\.[cm]?js$/.test(url)));
  return [...files].reduce((sum, url) => sum + statSync(new URL(url)).size, 0);
}

/** What is above its budget, in words. @param sizes bytes, by the names of `budget` */
export function overBudget(sizes) {
  return Object.entries(budget)
    .filter(([what, most]) => sizes[what] > most)
    .map(
      ([what, most]) => `${what}: ${sizes[what]} bytes, more than the ${most} of tools/package/contents.js`,
    );
}
