import type { Plugins } from '../command/plugins.js';
import { PluginError } from '../lib/plugin-error.js';
import { COMMAND, type CommandEntry } from './command.js';
import { commands } from './commands/index.js';
import { hiddenCommands } from './hidden-commands.js';

/**
 * All commands in the order of `irqlab --help`, those of plug-ins last.
 *
 * @throws PluginError if something is bound that is no command, or has the name of another one.
 */
export async function commandsWith({ modules }: Plugins): Promise<readonly CommandEntry[]> {
  if (modules.length === 0) return [...commands, ...hiddenCommands];
  const { Contributions } = await import('../guest/container/contributions.js');
  const { commandsModule } = await import('./module.js');
  const all = new Contributions([commandsModule, ...modules]).all(COMMAND, unfit);
  const twice = all.find(({ name }, i) => all.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined)
    throw new PluginError(`there is a command ${twice.name} already; choose another name`);
  return all;
}

function unfit(value: unknown): string | undefined {
  const { name, summary, load } = value as { readonly [Key in keyof CommandEntry]?: unknown };
  if (typeof name === 'string' && typeof summary === 'string' && typeof load === 'function') return undefined;
  return 'a command needs name, summary and load';
}
