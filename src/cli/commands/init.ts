import type { CommandModule } from '../command.js';
import { starts } from '../init/starts.js';

const example = `
What is written works as it is, and says in its head how it is run. Nothing is overwritten.

Examples:
  $ irqlab init scenario
  $ irqlab init race races/close-vs-move.ts
  $ irqlab init driver my-driver.mjs
`;

export const command: CommandModule = {
  configure(command, stdio, finish) {
    command.addHelpText('after', example);
    for (const start of starts) {
      command
        .command(start.name)
        .description(start.summary)
        .argument('[file]', 'where to', start.defaultFile)
        .addHelpText('after', `\n${start.names}\n`)
        .action(async (file: string) => {
          const { writeStart } = await import('../init/init.js');
          finish(writeStart(start, file, stdio));
        });
    }
  },
};
