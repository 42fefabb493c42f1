import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Shard } from '../../explore/search/search.js';
import type { CommandIo, CommandModule } from '../command.js';
import type { ExploreCommandOptions } from '../explore/run.js';
import type { TaskRunner } from '../explore/task.js';

const example = `
Without a race the races are listed; with a race and no --variant all its variants are compared with what is expected.
A verdict is "found", with a minimal interleaving, or "none", with what was covered.
Exit status: 0 as expected, 1 different from what is expected, 2 wrong use.

Examples:
  $ irqlab explore
  $ irqlab explore modchan-offline --variant no-wait --save lost.json
  $ irqlab explore ring-full-wakeup --variant no-barrier --memory sc
  $ irqlab explore --all
`;

const mergeExample = `
Example:
  $ irqlab explore relid-map --variant array --shard 0/2 --save-report a.json
  $ irqlab explore relid-map --variant array --shard 1/2 --save-report b.json
  $ irqlab explore merge a.json b.json
`;

export const command: CommandModule = {
  configure(command, io, finish) {
    addOptions(command)
      .addHelpText('after', example)
      .action(async (race: string | undefined, options: ExploreCommandOptions & { workers?: number }) => {
        const { runExplore } = await import('../explore/run.js');
        const workers = options.workers ?? (options.all ? availableParallelism() : 1);
        finish(await withThreads(workers, io, (runner) => runExplore(race, options, io, runner)));
      });
    command
      .command('merge')
      .description('put the reports of the parts of a search together')
      .argument('<files...>', 'what --save-report wrote, for each part')
      .option('--save <file>', 'save the interleaving that was found, for irqlab replay')
      .option('--json', 'print the report as JSON')
      .addHelpText('after', mergeExample)
      .action(async (files: string[], _options: unknown, merge: Command) => {
        const { runMerge } = await import('../explore/run.js');
        const { readText } = await import('../read-text.js');
        const options = merge.optsWithGlobals<{ save?: string; json?: boolean }>();
        const read = (file: string): string => readText(file, io).text;
        finish(await withThreads(1, io, (runner) => runMerge(files, options, io, runner, read)));
      });
  },
};

function addOptions(command: Command): Command {
  return command
    .argument('[race]', 'id of a race')
    .option('--variant <name>', 'one variant of the race')
    .option('--all', 'every variant of every race, against what is expected')
    .addOption(
      new Option(
        '--strategy <kind>',
        'how executions are chosen; default: what the variant is listed with',
      ).choices(['dfs', 'dpor', 'bounded', 'random', 'pct']),
    )
    .option('--preemptions <n>', 'highest number of preemptions, for bounded', count, 2)
    .option('--depth <d>', 'depth of the bug that is looked for, for pct', count, 3)
    .option('--seed <n>', 'for random and pct', count, 1)
    .option('--executions <n>', 'how many, for random and pct', count, 10_000)
    .addOption(new Option('--memory <model>', 'how stores become visible').choices(['sc', 'tso']))
    .option('--workers <n>', 'threads; default: one, and for --all as many as the machine has', positive)
    .option('--shard <i/n>', 'only part i of n of the search, from 0 on', parseShard)
    .option('--save-report <file>', 'save the report as JSON, for irqlab explore merge')
    .option('--save <file>', 'save the interleaving that was found, for irqlab replay')
    .option('--max-executions <n>', 'stop after so many executions', positive)
    .option('--max-steps <n>', 'cut executions after so many steps; default 1000', positive)
    .option('--seconds <n>', 'stop after so long', positive)
    .option('--json', 'print the report as JSON');
}

/** Ctrl-C has the searches end with what is known so far; a second one ends the program. */
async function withThreads<T>(
  workers: number,
  io: CommandIo,
  use: (runner: TaskRunner) => Promise<T>,
): Promise<T> {
  const { ThreadRunner } = await import('../explore/threads.js');
  const runner = new ThreadRunner(workers);
  const stop = (): void => {
    runner.stop();
    io.err('\nirqlab: stopping; what follows is what is known so far\n');
  };
  process.once('SIGINT', stop);
  try {
    return await use(runner);
  } finally {
    process.removeListener('SIGINT', stop);
    await runner.close();
  }
}

function count(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number, 0 or more.');
}

function positive(text: string): number {
  const value = count(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('Expected a whole number, 1 or more.');
}

function parseShard(text: string): Shard {
  const [, index = '', parts = ''] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(parts) };
  if (parts !== '' && shard.index < shard.count) return shard;
  throw new InvalidArgumentError('Expected i/n with i below n, such as 0/4.');
}
