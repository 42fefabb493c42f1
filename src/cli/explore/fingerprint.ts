import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_MAX_STEPS, strategyText } from '../../explore/options.js';
import { executionsLimit, secondsLimit } from '../../explore/report/merge.js';
import type { Fingerprint } from '../../explore/report/report.js';
import type { ExploreCommandOptions } from './options.js';
import type { Search } from './task.js';

/** What the parts of one search must have in common, the code of the model included. @param files as for buildOf. */
export function fingerprintOf(search: Search, files: readonly string[]): Fingerprint {
  const { memory, strategy, maxSteps = DEFAULT_MAX_STEPS, maxExecutions, seconds, shard, sanitize } = search;
  const options = [
    memory,
    strategyText(strategy),
    ...(strategy.kind === 'random' || strategy.kind === 'pct' ? [`${strategy.executions} executions`] : []),
    `at most ${maxSteps} steps`,
    ...(maxExecutions === undefined ? [] : [executionsLimit(maxExecutions)]),
    ...(seconds === undefined ? [] : [secondsLimit(seconds)]),
    ...(sanitize === true ? ['sanitized'] : []),
    ...(shard === undefined ? [] : [`${shard.count} parts`]),
  ];
  return { build: buildOf(files), options: options.join(', ') };
}

/** The files of the user's own that a search runs code of. */
export function userFiles({
  plugins,
  raceFile,
}: Pick<ExploreCommandOptions, 'plugins' | 'raceFile'>): readonly string[] {
  return [...(plugins?.files ?? []), ...(raceFile === undefined ? [] : [raceFile])];
}

/**
 * Stands for the code that is running: irqlab's own and the user's.
 *
 * @param files of plug-ins and races, which bring along what they import by relative paths.
 */
export function buildOf(files: readonly string[]): string {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const own = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'))
    .sort();
  const hash = createHash('sha256');
  for (const name of own) hash.update(`${name}\n`).update(readFileSync(join(root, name)));
  for (const text of withImports(files.map((file) => resolve(file)))) hash.update(text);
  return hash.digest('hex').slice(0, 16);
}

/** The texts of modules and of those that they import by relative paths, each once, in the order of the imports. */
function withImports(files: readonly string[], seen = new Set<string>()): readonly string[] {
  return files.flatMap((file) => {
    if (seen.has(file) || !existsSync(file)) return [];
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    const imported = [...text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.\.?\/[^'"]+)['"]/g)];
    return [
      text,
      ...withImports(
        imported.map(([, path]) => resolve(dirname(file), path)),
        seen,
      ),
    ];
  });
}
