import { type Command, InvalidArgumentError, Option } from 'commander';
import { memoryModels } from '../../explore/model.js';
import type { Shard } from '../../explore/search/search.js';
import { UsageError } from '../../command/usage-error.js';
import { traceFormats } from '../../trace/trace-formats.js';
import type { CommandModule } from '../command.js';
import type { MergeOptions } from '../explore/merge.js';
import type { ExploreCommandOptions } from '../explore/options.js';
import type { OwnRace } from '../explore/own-race.js';
import { isRaceFile } from '../explore/race-file.js';

const example = `
Without a race the races are listed; with a race and no --variant all its variants are compared with what is expected.
A verdict is "found", with a minimal interleaving, or "none", with what was covered.
Exit status: 0 as expected, 1 different from what is expected, 2 wrong use, 130 ended by Ctrl-C. A search that was ended
by Ctrl-C or --seconds is neither: a table lists what is finished, what was stopped, and what was not begun.

A race is the id of a listed one, or a file whose default export is one: see "irqlab init race --help".

Examples:
  $ irqlab explore
  $ irqlab explore modchan-offline no-wait --save lost.json
  $ irqlab explore ring-full-wakeup --variant no-barrier --memory sc
  $ irqlab explore --all
  $ irqlab explore ./my-race.ts
  $ irqlab explore --all --sanitize
  $ irqlab explore rescind-reuse rfc --workers 2 --state rfc.state
  $ irqlab explore rescind-reuse rfc --workers 2 --state rfc.state --resume
  $ irqlab explore shared-count --plugin examples/plugin-race/plugin.js
`;

const mergeExample = `
Example:
  $ irqlab explore relid-map --variant array --shard 0/2 --save-report a.json
  $ irqlab explore relid-map --variant array --shard 1/2 --save-report b.json
  $ irqlab explore merge a.json b.json
`;

export const command: CommandModule = {
  configure(command, stdio, finish, plugins) {
    addOptions(command)
      .addHelpText('after', example)
      .action(
        async (name: string | undefined, second: string | undefined, written: ExploreCommandOptions) => {
          const { refuseUnused } = await import('../explore/refuse.js');
          const { refuseWithoutTrace } = await import('../run/trace-file.js');
          const { loadOwnRace } = await import('../explore/own-race.js');
          const race = name !== undefined && isRaceFile(name) ? await loadOwnRace(name) : name;
          const variant = variantOf(race, second, written);
          const options = { ...written, ...(variant !== undefined && { variant }), plugins };
          refuseUnused(name, options, given(command, written));
          refuseWithoutTrace(options);
          const { exploreInThreads } = await import('../explore/in-threads.js');
          finish(await exploreInThreads(race, options, stdio));
        },
      );
    command
      .command('merge')
      .description('put the reports of the parts of a search together')
      .argument('<files...>', 'what --save-report wrote, for each part')
      .option('--save <file>', 'save the interleaving that was found, for irqlab replay')
      .addOption(raceFileOption())
      .option('--json', 'print the report as JSON')
      .addHelpText('after', mergeExample)
      .action(async (files: string[], _options: unknown, merge: Command) => {
        const { mergeInThreads } = await import('../explore/in-threads.js');
        const { refuseUnmerged } = await import('../explore/refuse.js');
        const written = [...given(merge, merge.opts()), ...given(command, command.opts())];
        refuseUnmerged(
          merge.optsWithGlobals(),
          written.filter((name) => name !== 'race'),
        );
        const { race: raceFile, ...options } = merge.optsWithGlobals<MergeOptions & { race?: string }>();
        finish(await mergeInThreads(files, { ...options, raceFile, plugins }, stdio));
      });
  },
};

function addOptions(command: Command): Command {
  return command
    .argument('[race]', 'id of a race, or a file with one of your own')
    .argument('[variant]', 'one variant of it, as --variant')
    .option('--variant <name>', 'one variant of the race')
    .option('--all', 'every variant of every race, against what is expected')
    .addOption(
      new Option(
        '--strategy <kind>',
        'how executions are chosen; default: what the variant is listed with',
      ).choices(['dfs', 'dpor', 'states', 'bounded', 'random', 'pct']),
    )
    .option('--preemptions <n>', 'highest number of preemptions, for bounded', count, 2)
    .option('--depth <d>', 'depth of the bug that is looked for, for pct', count, 3)
    .option('--seed <n>', 'for random and pct', count, 1)
    .option('--executions <n>', 'how many, for random and pct', count, 10_000)
    .addOption(new Option('--memory <model>', 'how stores become visible').choices(memoryModels))
    .option(
      '--workers <n>',
      'threads, as many as the machine has at most; default: one, and for --all all of them; a search by states takes one',
      positive,
    )
    .option(
      '--queue <url>',
      'have it done by "irqlab worker", by way of a Redis: redis://[USER:PASSWORD@]HOST[:PORT][/DB], or rediss://',
    )
    .option('--shard <i/n>', 'only part i of n of the search, from 0 on', parseShard)
    .option('--save-report <file>', 'save the report as JSON, for irqlab explore merge')
    .option(
      '--state <file>',
      'keep the search in a file, so that it can go on after Ctrl-C, a crash, a reboot',
    )
    .option('--resume', 'go on with the search that --state names')
    .option('--save <file>', 'save the interleaving that was found, for irqlab replay')
    .addOption(traceOption())
    .addOption(traceFormatOption())
    .option(
      '--max-executions <n>',
      'stop after so many executions; with --state, --queue or several --workers with the unit of some thousand that reaches them',
      positive,
    )
    .option('--max-steps <n>', 'cut executions after so many steps; default 1000', positive)
    .option(
      '--sanitize',
      'look for what steps share without announcing it; a table stops each variant after 300 executions',
    )
    .option('--seconds <n>', 'stop after so long, with --all all of it', positive)
    .addOption(formatOption())
    .option('--width <n>', 'columns that a table may take; default: those of the terminal', width, columns())
    .option('--json', 'print the report as JSON');
}

/** A race of one's own with a single variant needs no name of it. */
function variantOf(
  race: string | OwnRace | undefined,
  second: string | undefined,
  { variant, all }: ExploreCommandOptions,
): string | undefined {
  if (second !== undefined && variant !== undefined && second !== variant)
    throw new UsageError(`two variants: ${second} and --variant ${variant}`, 'Name one of them.');
  const named = second ?? variant;
  if (named !== undefined || all || typeof race !== 'object' || race.race.variants.length > 1) return named;
  return race.race.variants[0].name;
}

/** Where the code of a saved race of one's own is now. */
export function raceFileOption(): Option {
  return new Option('--race <file>', 'the race of your own that it is about, if it lies elsewhere now');
}

/** Where what the steps did is written. */
export function traceOption(): Option {
  return new Option(
    '--trace <file>',
    'write the steps, and what the guest’s tracepoints tell of each: .txt, .dat, .json or .jsonl, also .gz',
  );
}

export function traceFormatOption(): Option {
  return new Option(
    '--trace-format <name>',
    'what to write, whatever the name of the trace ends with',
  ).choices(traceFormats);
}

/** How a found interleaving is shown. */
export function formatOption(): Option {
  const text = 'how a found interleaving is shown: as a table, or drawn, for a file of its own';
  return new Option('--format <format>', text).choices(['table', 'mermaid', 'html']);
}

/** Columns of the terminal; undefined where the output goes into a file or another program. */
export function columns(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

export function width(text: string): number {
  const value = count(text);
  if (value >= 40) return value;
  throw new InvalidArgumentError('Expected 40 columns or more.');
}

/** The options that the user wrote. */
export function given<T extends object>(command: Command, options: T): (keyof T & string)[] {
  const names = Object.keys(options) as (keyof T & string)[];
  return names.filter((name) => command.getOptionValueSource(name) === 'cli');
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
