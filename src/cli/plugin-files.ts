import { UsageError } from '../command/usage-error.js';

const OPTION = '--plugin';

/**
 * Takes `--plugin FILE`, wherever it stands before `--`, out of the arguments: plug-ins may add commands, and so must be
 * loaded before there is a command line.
 *
 * @throws UsageError if there is no file behind it.
 */
export function takePluginFiles(args: readonly string[]): {
  readonly files: readonly string[];
  readonly others: readonly string[];
} {
  const files: string[] = [];
  const others: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '--') return { files, others: [...others, ...args.slice(i)] };
    if (arg !== OPTION && !arg.startsWith(`${OPTION}=`)) {
      others.push(arg);
      continue;
    }
    const file = arg === OPTION ? args[++i] : arg.slice(OPTION.length + 1);
    if (file === undefined || file === '' || file === '--')
      throw new UsageError(`${OPTION} needs a file`, `Example: irqlab explore ${OPTION} ./my-race.js`);
    files.push(file);
  }
  return { files, others };
}

/** The option as help shows it. */
export const pluginOption = [
  `${OPTION} <file>`,
  'ES module whose inversify modules add to irqlab (docs/plugins.md); may be repeated',
] as const;
