import { existsSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { arch } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/** What `npm run build` makes of start.ts and all that it imports: one file, which exports the same. */
const file = fileURLToPath(new URL('../bundle/irqlab.cjs', import.meta.url));

export interface Bundle {
  readonly exports: { readonly start: (args: readonly string[]) => Promise<void> };
  /** Of what has been compiled so far; for cacheFile. */
  readonly script?: Script;
}

/**
 * File for what V8 has compiled of the bundle for a command. It is of use to the very same Node only: another one does
 * not look at it.
 *
 * @param args as for main.
 */
export function cacheFile([command = '']: readonly string[]): string {
  return fileURLToPath(
    new URL(
      `../bundle/${/^[a-z]+$/.test(command) ? command : 'help'}-${process.version}-${arch()}.cache`,
      import.meta.url,
    ),
  );
}

/**
 * Loads the command line from one file, with what the build has compiled of it for this command. Where there is nothing
 * of the kind for this Node, Node keeps what it compiles, from 22.1 on.
 *
 * @returns undefined if there is no such file.
 */
export function loadBundle(args: readonly string[]): Bundle | undefined {
  if (!existsSync(file)) return undefined;
  const require = nodeModule.createRequire(file);
  const cache = cacheFile(args);
  if (!existsSync(cache)) {
    (nodeModule as { enableCompileCache?: () => void }).enableCompileCache?.();
    return { exports: require(file) as Bundle['exports'] };
  }
  return runScript(readFileSync(cache), require);
}

/** Runs the bundle as `require` would. @param cachedData what V8 has compiled of it before; undefined: nothing. */
export function runScript(
  cachedData: Uint8Array | undefined,
  require = nodeModule.createRequire(file),
): Required<Bundle> {
  const source = `(function(exports,require,module,__filename){\n${readFileSync(file, 'utf8')}\n})`;
  const script = new Script(source, { filename: file, lineOffset: -1, cachedData });
  const module = { exports: {} as Bundle['exports'] };
  script.runInThisContext()(module.exports, require, module, file);
  return { exports: module.exports, script };
}
