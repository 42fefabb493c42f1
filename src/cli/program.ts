import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { Plugins } from '../command/plugins.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import type { CommandEntry } from './command.js';
import { pluginOption } from './plugin-files.js';

const example = `
Example:
  $ irqlab run examples/rfc-gen2-8vcpu.yaml
`;

/** The command line without its commands. */
export function emptyProgram(stdio: Stdio): Command {
  return new Command('irqlab')
    .description('An executable, deterministic laboratory for Linux interrupts on Hyper-V.')
    .version(version(), '-V, --version')
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => stdio.out(text),
      writeErr: (text) => stdio.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'irqlab: ')),
    })
    .showHelpAfterError('Try "irqlab --help".')
    .exitOverride()
    .option(...pluginOption)
    .addHelpText('after', example);
}

/** Adds a command by its name, without arguments and options. */
export function addName(program: Command, { name, summary, isHidden = false }: CommandEntry): Command {
  const command = program.command(name, { hidden: isHidden }).description(summary);
  return command.showHelpAfterError(`Try "irqlab ${name} --help".`);
}

/** Loads a command, and adds its arguments and options. */
export async function addOptions(
  command: Command,
  { name, takesPlugins = true, load }: CommandEntry,
  stdio: Stdio,
  plugins: Plugins,
  finish: (status: number) => void,
): Promise<void> {
  if (plugins.files.length > 0 && !takesPlugins) throw new UsageError(`irqlab ${name} takes no plug-ins`);
  (await load()).configure(command, stdio, finish, plugins);
  for (const inner of command.commands)
    inner.showHelpAfterError(`Try "irqlab ${name} ${inner.name()} --help".`);
  refuseRepeated(command);
  if (takesPlugins) command.option(...pluginOption);
}

/**
 * Refuses an option that is given twice, unless it collects its values: all but the last would be ignored. Those without a
 * value may be.
 */
function refuseRepeated(command: Command): void {
  for (const option of command.options) {
    if (option.isBoolean()) continue;
    let isGiven = false;
    command.on(`option:${option.name()}`, () => {
      const collects = Array.isArray(command.getOptionValue(option.attributeName()));
      if (isGiven && !collects)
        throw new UsageError(`${option.long ?? option.flags} is given twice; leave out one of the two`);
      isGiven = true;
    });
  }
  for (const inner of command.commands) refuseRepeated(inner);
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
