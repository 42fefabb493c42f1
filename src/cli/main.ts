import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitStatus, type ExitStatus } from '../command/exit-status.js';
import type { Stdio } from '../command/stdio.js';
import { InterruptedError } from '../command/interruptible.js';
import { UsageError } from '../command/usage-error.js';
import { defectText } from '../command/defect.js';
import { loadPlugins, type Plugins } from '../command/plugins.js';
import { thrownIn } from '../command/thrown-in-file.js';
import { blameForExit, exitIsIntended } from '../command/untimely-exit.js';
import { PluginError } from '../lib/plugin-error.js';
import { checkPlugin } from './check-plugins.js';
import { commandsWith } from './commands-with.js';
import { pluginOption, takePluginFiles } from './plugin-files.js';

const example = `
Example:
  $ irqlab run examples/rfc-gen2-8vcpu.yaml
`;

/**
 * The command line.
 *
 * @param args without the interpreter and the program.
 * @returns the exit status.
 */
export async function main(args: readonly string[], stdio: Stdio): Promise<number> {
  let status: number = exitStatus.ok;
  let plugins: readonly string[] = [];
  try {
    const { files, others } = takePluginFiles(args);
    plugins = files;
    const loaded = await loadPlugins(files, checkPlugin);
    blameForExit(files.length === 0 ? '' : `plug-in ${files.join(', ')}`);
    const program = await buildProgram(others, stdio, loaded, (finished) => {
      status = finished;
    });
    await program.parseAsync(others, { from: 'user' });
    return status;
  } catch (error) {
    return report(error, plugins, stdio);
  } finally {
    exitIsIntended();
  }
}

async function buildProgram(
  args: readonly string[],
  stdio: Stdio,
  plugins: Plugins,
  finish: (status: number) => void,
): Promise<Command> {
  const program = new Command('irqlab')
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
  const used = args.find((arg) => !arg.startsWith('-'));
  const asked = used === 'help' ? args[args.indexOf(used) + 1] : used;
  for (const { name, summary, takesPlugins = true, load } of await commandsWith(plugins)) {
    const command = program.command(name).description(summary);
    command.showHelpAfterError(`Try "irqlab ${name} --help".`);
    if (name !== asked) continue;
    if (plugins.files.length > 0 && !takesPlugins) throw new UsageError(`irqlab ${name} takes no plug-ins`);
    (await load()).configure(command, stdio, finish, plugins);
    refuseRepeated(command);
    if (takesPlugins) command.option(...pluginOption);
  }
  return program;
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

/** @param plugins files of plug-ins. */
function report(error: unknown, plugins: readonly string[], stdio: Stdio): ExitStatus {
  if (error instanceof CommanderError) {
    // Commander has already printed what is wrong. --help and --version end up here as well, with exit code 0.
    return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
  }
  if (error instanceof InterruptedError) {
    stdio.err(`irqlab: ${error.message}\n`);
    return exitStatus.interrupted;
  }
  if (error instanceof UsageError) {
    stdio.err(`irqlab: ${error.message}\n`);
    if (error.hint !== undefined) stdio.err(`${error.hint}\n`);
    return exitStatus.usage;
  }
  if (error instanceof PluginError && plugins.length > 0) {
    stdio.err(`irqlab: plug-in ${error.file ?? plugins.join(', ')}: ${error.message}\n`);
    return exitStatus.usage;
  }
  const thrown = error instanceof Error ? thrownIn(plugins, error) : undefined;
  if (thrown !== undefined) {
    stdio.err(`irqlab: plug-in ${thrown.file}: ${String(error)}\n  ${thrown.place}\n`);
    return exitStatus.usage;
  }
  stdio.err(defectText(error, plugins));
  return exitStatus.defect;
}
