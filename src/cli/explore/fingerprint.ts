import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_MAX_STEPS, strategyText } from '../../explore/options.js';
import type { Fingerprint } from '../../explore/report/report.js';
import type { Search } from './task.js';

/** What the parts of one search must have in common, the code of the model included. */
export function fingerprintOf(search: Search, plugins: readonly string[]): Fingerprint {
  const { memory, strategy, maxSteps = DEFAULT_MAX_STEPS, maxExecutions, seconds, shard, sanitize } = search;
  const options = [
    memory,
    strategyText(strategy),
    ...(strategy.kind === 'random' || strategy.kind === 'pct' ? [`${strategy.executions} executions`] : []),
    `at most ${maxSteps} steps`,
    ...(maxExecutions === undefined ? [] : [`stopped after ${maxExecutions} executions`]),
    ...(seconds === undefined ? [] : [`stopped after ${seconds} s`]),
    ...(sanitize === true ? ['sanitized'] : []),
    ...(shard === undefined ? [] : [`${shard.count} parts`]),
  ];
  return { build: buildOf(plugins), options: options.join(', ') };
}

/** Stands for the code that is running: irqlab's own and that of plug-ins. */
export function buildOf(plugins: readonly string[]): string {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const own = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'))
    .sort();
  const hash = createHash('sha256');
  for (const name of own) hash.update(`${name}\n`).update(readFileSync(join(root, name)));
  for (const file of plugins) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}
