import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { type CommandIo, exitStatus, type ExitStatus, UsageError } from './command.js';
import { commands } from './commands/index.js';

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
export async function main(args: readonly string[], io: CommandIo): Promise<number> {
  let status: number = exitStatus.ok;
  try {
    const program = await buildProgram(args, io, (finished) => {
      status = finished;
    });
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    return report(error, io);
  }
}

async function buildProgram(
  args: readonly string[],
  io: CommandIo,
  finish: (status: number) => void,
): Promise<Command> {
  const program = new Command('irqlab')
    .description('An executable, deterministic laboratory for Linux interrupts on Hyper-V.')
    .version(version(), '-V, --version')
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'irqlab: ')),
    })
    .showHelpAfterError('Try "irqlab --help".')
    .exitOverride()
    .addHelpText('after', example);
  const used = args.find((arg) => !arg.startsWith('-'));
  const asked = used === 'help' ? args[args.indexOf(used) + 1] : used;
  for (const { name, summary, load } of commands) {
    const command = program.command(name).description(summary);
    command.showHelpAfterError(`Try "irqlab ${name} --help".`);
    if (name === asked) (await load()).configure(command, io, finish);
  }
  return program;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function report(error: unknown, io: CommandIo): ExitStatus {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; --help and --version come this way, too, with status 0.
    return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
  }
  if (error instanceof UsageError) {
    io.err(`irqlab: ${error.message}\n`);
    if (error.hint !== undefined) io.err(`${error.hint}\n`);
    return exitStatus.usage;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.err(`irqlab: this is a defect of irqlab, please report it:\n${text}\n`);
  return exitStatus.defect;
}
