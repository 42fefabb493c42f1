// Modules of the user's own as a page can load them: a browser finds no packages and takes no types out.
import { readFileSync, realpathSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UsageError } from '../command/usage-error.js';
import { withoutTypes } from '../command/strip-types.js';
import { type Import, moduleImports } from './module-imports.js';

/** What plug-ins share with the page's worker: addresses and exports, by the name that is imported. */
export type SharedModules = Readonly<
  Record<string, { readonly address: string; readonly exports: readonly string[] }>
>;

/** The texts of modules by the paths of their addresses. */
export interface ServedModules {
  readonly texts: ReadonlyMap<string, string>;
  /** The paths of the plug-ins themselves, in their order. */
  readonly plugins: readonly string[];
}

/** Where they are; web/shell/notices.tsx knows by it who has thrown. */
const FOLDER = '/plug-ins/';

/**
 * Plug-ins and all that they import, with the addresses of what is imported in place of its names.
 *
 * @param files as the user named them; Node has loaded them.
 * @throws UsageError for an import that no page can have, by file, line and name, with what to do.
 */
export async function servedModules(files: readonly string[], shared: SharedModules): Promise<ServedModules> {
  const modules = new Modules(shared);
  const plugins: string[] = [];
  for (const file of files) plugins.push(await modules.add(file));
  return { texts: modules.texts, plugins };
}

class Modules {
  readonly texts = new Map<string, string>();
  private readonly paths = new Map<string, string>();
  private plugin = '';

  constructor(private readonly shared: SharedModules) {}

  /** @returns the path of its address. */
  async add(file: string): Promise<string> {
    this.plugin = file;
    return this.pathOf(pathToFileURL(realpathSync(file)));
  }

  /** The path of a module, which is read if it is a new one. */
  private async pathOf(url: URL): Promise<string> {
    const known = this.paths.get(url.href);
    if (known !== undefined) return known;
    const file = fileURLToPath(url);
    const path = `${FOLDER}${this.paths.size + 1}/${encodeURIComponent(file.replace(/^.*[/\\]/, ''))}`;
    this.paths.set(url.href, path);
    const text = /\.m?ts$/.test(file) ? await withoutTypes(file) : readFileSync(file, 'utf8');
    this.texts.set(path, await this.linked(text, url));
    return path;
  }

  private async linked(text: string, url: URL): Promise<string> {
    const file = fileURLToPath(url);
    const { imports, isModule } = await moduleImports(text, file);
    if (!isModule && /\b(module\.exports|exports\.\w+ *=|require *\()/.test(text))
      throw this.refused(file, 1, 'CommonJS is not in a page', 'Write it as an ES module.');
    let linked = '';
    let done = 0;
    for (const each of imports) {
      const address = await this.addressOf(each, url);
      linked += text.slice(done, each.start) + JSON.stringify(address);
      done = each.end;
    }
    return linked + text.slice(done);
  }

  private async addressOf({ specifier, names, line }: Import, from: URL): Promise<string> {
    const file = fileURLToPath(from);
    if (specifier === undefined)
      throw this.refused(
        file,
        line,
        'what is imported here is known only when it runs',
        'A page gets only files that are named: write the name as a text.',
      );
    if (/^(\.{0,2}\/|file:)/.test(specifier)) return this.pathOf(this.fileUrl(specifier, from, line));
    const found = Object.hasOwn(this.shared, specifier) ? this.shared[specifier] : undefined;
    if (found === undefined)
      throw this.refused(file, line, `${specifier} is not in a page`, hintFor(specifier));
    const missing = names.find((name) => !found.exports.includes(name));
    if (missing !== undefined)
      throw this.refused(file, line, `${missing} of ${specifier} is not in a page`, OF_THE_PROGRAM);
    return found.address;
  }

  private fileUrl(specifier: string, from: URL, line: number): URL {
    const url = new URL(specifier, from);
    const at = fileURLToPath(from);
    if (!/\.m?[jt]s$/.test(url.pathname))
      throw this.refused(
        at,
        line,
        `${specifier} is not in a page`,
        'A page loads ES modules, and nothing else.',
      );
    try {
      const real = pathToFileURL(realpathSync(fileURLToPath(url)));
      real.search = url.search;
      return real;
    } catch {
      throw this.refused(
        at,
        line,
        `there is no file ${specifier}`,
        'Leave the import out, or write the file.',
      );
    }
  }

  private refused(file: string, line: number, what: string, hint: string): UsageError {
    return new UsageError(`plug-in ${this.plugin}: ${file}:${line}: ${what}`, hint);
  }
}

const OF_THE_PROGRAM =
  'A page has no files, processes or commands: put what needs them into a plug-in of its own, which web is not given.';

function hintFor(specifier: string): string {
  if (isBuiltin(specifier) || /^(commander|irqlab)(\/|$)/.test(specifier)) return OF_THE_PROGRAM;
  return `Make one file of it and the plug-in: npx esbuild FILE --bundle --format=esm --outfile=one.mjs ${['irqlab', 'inversify', 'reflect-metadata', 'zod'].map((name) => `--external:${name}`).join(' ')}`;
}
