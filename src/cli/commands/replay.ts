import type { CommandModule } from '../command.js';
import {
  columns,
  formatOption,
  given,
  raceFileOption,
  traceFormatOption,
  traceOption,
  width,
} from './explore.js';
import type { ReplayCommandOptions } from '../explore/replay.js';

const example = `
Exit status: 0 the same property is broken again, 1 the trace no longer fits the code, 2 wrong use or file.

Examples:
  $ irqlab explore modchan-offline --variant no-wait --save lost.json
  $ irqlab replay lost.json
  $ irqlab replay lost.json --step
  $ irqlab replay lost.json --trace lost.dat
  $ irqlab replay lost.json --plugin examples/plugin-race/plugin.js
`;

export const command: CommandModule = {
  configure(command, stdio, finish, plugins) {
    command
      .argument('<file>', 'what --save wrote, or - for standard input')
      .option('--step', "show the guest's state after each step; * marks what the step changed")
      .addOption(formatOption())
      .option(
        '--width <n>',
        'columns that a table may take; default: those of the terminal',
        width,
        columns(),
      )
      .addOption(raceFileOption())
      .addOption(traceOption())
      .addOption(traceFormatOption())
      .option('--json', 'print the trace as JSON')
      .addHelpText('after', example)
      .action(async (file: string, options: ReplayCommandOptions) => {
        const { runReplay } = await import('../explore/replay.js');
        const { refuseWithoutTrace } = await import('../run/trace-file.js');
        const { refuseUnshown } = await import('../explore/refuse.js');
        refuseUnshown(options, given(command, options));
        refuseWithoutTrace(options);
        finish(await runReplay(file, { ...options, plugins }, stdio));
      });
  },
};
