import { InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../../command/usage-error.js';
import type { CommandModule } from '../command.js';
import type { TestOptions } from '../test/run.js';

const example = `
Runs scenario files as "irqlab run" does, several at once, and reports which of them hold; of a directory all that end in
.yaml or .yml. Nothing is printed of what their "print" says.
Exit status: 0 all hold, 1 one does not or is no scenario, 2 wrong use, 130 ended by Ctrl-C.

Examples:
  $ irqlab test examples/*.yaml
  $ irqlab test examples/cpu-offline.yaml examples/compare-offline.yaml --reporter tap
  $ irqlab test examples/*.yaml --reporter junit >report.xml
`;

export const command: CommandModule = {
  configure(command, stdio, finish, plugins) {
    command
      .argument('<path...>', 'scenario files and directories of them')
      .addOption(
        new Option('--reporter <name>', 'what the report is for: people, TAP consumers, CI servers')
          .choices(['spec', 'tap', 'junit'])
          .default('spec'),
      )
      .option('--json', 'report as JSON')
      .option('--workers <n>', 'run so many at once (default: one a processor)', parseWorkers)
      .option('--watch', 'run them again whenever one changes, until Ctrl-C')
      .addHelpText('after', example)
      .action(async (paths: string[], { json, ...options }: TestOptions & { json?: boolean }) => {
        if (json && command.getOptionValueSource('reporter') === 'cli')
          throw new UsageError('--json and --reporter name two reports', 'Choose one of them.');
        const { runTests } = await import('../test/run.js');
        const reporter = json ? 'json' : options.reporter;
        finish(await runTests(paths, { ...options, reporter, plugins }, stdio));
      });
  },
};

function parseWorkers(text: string): number {
  const workers = Number(text);
  if (/^\d+$/.test(text) && workers >= 1 && workers <= 256) return workers;
  throw new InvalidArgumentError('Expected a number from 1 to 256.');
}
